//! How a table of the config is declared: `table!` and `words!`.

/// Declares a table of the config: its keys with their documentation, an example or default each, and the type that
/// reads them. This is the one place where a key is written.
macro_rules! table {
    (
        $(#[doc = $doc:literal])+
        $name:ident $([$id:ident $($repeats:literal)?])? {
            $( $(#[doc = $field_doc:literal])+ $field:ident: $type:ty = $example:tt; )*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            /// Where the table begins.
            pub at: $crate::config::source::Origin,
            $( $(#[doc = $field_doc])+ pub $field: Option<$crate::config::read::At<$type>>, )*
        }

        impl $crate::config::read::Value for $name {
            fn shape() -> $crate::config::schema::Shape {
                $crate::config::schema::Shape::Table(<Self as $crate::config::read::Table>::schema())
            }

            fn read(
                node: &$crate::config::tree::Node,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                let mut table = Self { at: node.at, ..Self::default() };
                let id = <Self as $crate::config::read::Table>::ID;
                let implicit: &[&str] = if id.is_empty() { &[] } else { &["enabled"] };
                let schema = <Self as $crate::config::read::Table>::schema();
                reader.table(node, &schema, implicit, |reader, key, node| {
                    $( if key == $crate::config::table::key(stringify!($field)) {
                        table.$field = $crate::config::read::Value::read(node, reader);
                        return true;
                    } )*
                    let _ = (reader, key, node);
                    false
                })?;
                Some(table)
            }

            fn concerns(&self, concerns: &mut $crate::config::trust::Concerns<'_>) {
                $( if let Some(value) = &self.$field {
                    value.concerns(&mut concerns.under($crate::config::table::key(stringify!($field))));
                } )*
            }
        }

        impl $crate::config::read::Table for $name {
            const ID: &'static str = concat!($( stringify!($id) )?);
            const REPEATS: bool = !concat!($( $( $repeats )? )?).is_empty();

            fn id(&self) -> Option<&str> {
                None $( .or(self.$id.as_ref().map(|id| id.value.as_ref())) )?
            }

            fn at(&self) -> $crate::config::source::Origin {
                self.at
            }

            fn schema() -> $crate::config::schema::Schema {
                $crate::config::schema::Schema {
                    doc: concat!($( $doc, "\n" ),+).trim().to_owned(),
                    fields: vec![$( $crate::config::schema::Field {
                        key: $crate::config::table::key(stringify!($field)),
                        doc: concat!($( $field_doc, "\n" ),+).trim().to_owned(),
                        example: $crate::config::schema::example(stringify!($example)),
                        shape: <$type as $crate::config::read::Value>::shape(),
                    } ),*],
                }
            }
        }
    };
}

/// Declares the words that a key takes, for an enumeration of its own or (with `for`) for one of the domain's.
macro_rules! words {
    (for $name:ty { $( $variant:ident => $word:literal ),+ $(,)? }) => {
        impl $crate::config::read::Value for $name {
            fn shape() -> $crate::config::schema::Shape {
                $crate::config::schema::Shape::Words(vec![$( $word ),+])
            }

            fn read(
                node: &$crate::config::tree::Node,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                $crate::config::read::word(node, reader, &[$( ($word, Self::$variant) ),+])
            }
        }
    };
    ($(#[doc = $doc:literal])+ $name:ident { $( $(#[doc = $variant_doc:literal])+ $variant:ident => $word:literal ),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $variant_doc])+ $variant, )+ }
        words!(for $name { $( $variant => $word ),+ });
    };
}

pub(crate) use {table, words};

/// The key of a field: a field named by a Rust keyword is written `r#for`.
pub(crate) fn key(field: &'static str) -> &'static str {
    field.strip_prefix("r#").unwrap_or(field)
}
