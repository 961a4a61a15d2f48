//! Ports, sizes, percentages, zones, status codes.

use crate::config::read::{Reader, Value, Whole};
use crate::config::schema::Shape;
use crate::config::source::Origin;
use crate::config::tree::Node;
use crate::config::trust::{Class, Concerns};
use crate::config::units;

/// Whether something is read with `sudo -n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sudo(pub bool);

impl Value for Sudo {
    fn shape() -> Shape {
        bool::shape()
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        bool::read(node, reader).map(Self)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        if self.0 {
            concerns.add(Class::ReadsThere, "yes");
        }
    }
}

/// A TCP port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Port(pub u16);

impl Value for Port {
    fn shape() -> Shape {
        Shape::Integer { least: 1, most: 65535 }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let number = Whole::<1, 65535>::read(node, reader)?;
        u16::try_from(number.0).ok().map(Self)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        concerns.add(Class::Contacts, &self.0.to_string());
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub u64);

impl Value for Size {
    fn shape() -> Shape {
        Shape::Text("a size such as \"256MiB\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let size = units::size(text);
        if size.is_none() {
            let help = "a whole number with B, kB, MB, GB, KiB, MiB or GiB".to_owned();
            reader.error(node.at, &format!("\"{text}\" is not a size"), Some(help));
        }
        size.map(Self)
    }
}

/// A percentage: 5.0 for `"5%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percent(pub f64);

impl Value for Percent {
    fn shape() -> Shape {
        Shape::Text("a percentage such as \"5%\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let percent = units::percent(text);
        if percent.is_none() {
            reader.error(node.at, &format!("\"{text}\" is not a percentage"), Some("such as \"5%\"".to_owned()));
        }
        percent.map(Self)
    }
}

/// A time zone by its IANA name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

/// Reads a zone's name, with the nearest when there is none of that name.
pub fn zone(text: &str, at: Origin, reader: &mut Reader<'_>) -> Option<chrono_tz::Tz> {
    let zone = text.parse().ok();
    if zone.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let help = crate::domain::nearest::nearest(text, names).map(|name| format!("did you mean \"{name}\"?"));
        reader.error(
            at,
            &format!("\"{text}\" is not a time zone"),
            help.or(Some("such as \"Europe/Berlin\"".to_owned())),
        );
    }
    zone
}

impl Value for Zone {
    fn shape() -> Shape {
        Shape::Text("a time zone such as \"Europe/Berlin\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        zone(text, node.at, reader).map(Self)
    }
}

/// HTTP status codes: inclusive ranges such as `"200-299"` or `"200,204,300-399"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCodes(pub Vec<(u16, u16)>);

impl Value for StatusCodes {
    fn shape() -> Shape {
        Shape::Text("HTTP status codes such as \"200-299\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let range = |part: &str| {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
            ((100..=599).contains(&low) && (low..=599).contains(&high)).then_some((low, high))
        };
        let ranges: Option<Vec<(u16, u16)>> = text.split(',').map(range).collect();
        if ranges.is_none() {
            let help = "such as \"200-299\" or \"200,204\"".to_owned();
            reader.error(node.at, &format!("\"{text}\" is not a range of HTTP status codes"), Some(help));
        }
        ranges.map(Self)
    }
}
