//! What Stripe's answers look like, of every API version since 2022-11-15: helpers for fields whose shape has changed.
//!
//! A field that is used and is not what it should be makes the whole answer garbage, which is asked for again: a figure
//! is never worked out from half of an object. Fields that are not used are not looked at.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::money::Currency;
use crate::domain::ratio::Ratio;
use crate::domain::text::one_line;

/// An object's id.
pub type Id = Box<str>;
/// Seconds since 1970.
pub type Seconds = i64;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct List<T> {
    /// Its objects, newest first.
    pub data: Vec<T>,
    /// Whether another page follows.
    pub has_more: bool,
    #[serde(rename = "object")]
    _object: ListWord,
}

/// The word that says an answer is a list.
#[derive(Debug, Deserialize)]
enum ListWord {
    #[serde(rename = "list")]
    List,
}

/// An id, or the object that stands for it where it was expanded.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Id(Id),
    Object { id: Id },
}

impl Reference {
    fn id(self) -> Id {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

/// Reads a reference.
pub fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Id, D::Error> {
    Reference::deserialize(from).map(Reference::id)
}

/// Reads a reference that may be missing.
pub fn id_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Id>, D::Error> {
    Ok(Option::<Reference>::deserialize(from)?.map(Reference::id))
}

/// Reads a currency's code.
pub fn currency<'de, D: Deserializer<'de>>(from: D) -> Result<Currency, D::Error> {
    let code = String::deserialize(from)?;
    Currency::new(&code).ok_or_else(|| D::Error::custom("a currency is no ISO code"))
}

/// Reads a currency's code that may be missing.
pub fn currency_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Currency>, D::Error> {
    let code = Option::<String>::deserialize(from)?;
    code.map(|code| Currency::new(&code).ok_or_else(|| D::Error::custom("a currency is no ISO code"))).transpose()
}

/// A decimal, as a string or a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Decimal {
    Text(String),
    Number(f64),
}

/// Reads a decimal that may be missing. A number is taken as it is written: `33.3` is 333/10 exactly.
pub fn decimal<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Ratio>, D::Error> {
    let text = match Option::<Decimal>::deserialize(from)? {
        None => return Ok(None),
        Some(Decimal::Text(text)) => text,
        Some(Decimal::Number(number)) => number.to_string(),
    };
    Ratio::decimal(&text).map(Some).ok_or_else(|| D::Error::custom("an amount is no decimal"))
}

/// Reads a text that may be missing, made safe to show.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<str>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.map(|text| one_line(&text, 120).into_boxed_str()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Thing {
        #[serde(deserialize_with = "id")]
        customer: Id,
        #[serde(default, deserialize_with = "decimal")]
        percent: Option<Ratio>,
    }

    fn thing(json: &str) -> Result<Thing, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_reference_is_an_id_or_the_object_itself() {
        for json in [r#"{"customer":"cus_1"}"#, r#"{"customer":{"id":"cus_1","email":null}}"#] {
            assert_eq!(&*thing(json).unwrap().customer, "cus_1");
        }
        assert!(thing(r#"{"customer":null}"#).is_err());
    }

    #[test]
    fn a_number_is_taken_as_it_is_written() {
        let percent = |json| thing(json).unwrap().percent;
        assert_eq!(percent(r#"{"customer":"c","percent":33.3}"#), Ratio::new(333, 10));
        assert_eq!(percent(r#"{"customer":"c","percent":"12.5"}"#), Ratio::new(25, 2));
        assert_eq!(percent(r#"{"customer":"c","percent":null}"#), None);
        assert!(thing(r#"{"customer":"c","percent":"a lot"}"#).is_err());
    }

    #[test]
    fn what_is_no_list_is_no_answer() {
        for wrong in [
            "[]",
            "null",
            r#"{"unexpected":true}"#,
            r#"{"object":"list","data":[]}"#,
            r#"{"object":"charge","data":[],"has_more":false}"#,
        ] {
            assert!(serde_json::from_str::<List<Thing>>(wrong).is_err(), "{wrong}");
        }
        assert!(
            serde_json::from_str::<List<Thing>>(r#"{"object":"list","data":[],"has_more":false,"url":"/v1/x"}"#)
                .is_ok()
        );
    }
}
