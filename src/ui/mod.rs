//! Draws the state. Pure: no IO, no clock; what is not in the state (theme, keys, zone) is in the [`look::Look`].
//!
//! [`render::render`] draws one frame and says what is where on it, so that the mouse and the scrolling can never
//! disagree with the picture.

pub mod canvas;
pub mod format;
pub mod glyph;
pub mod keymap;
pub mod look;
pub mod render;
pub mod theme;

mod figures;
mod footer;
mod header;
mod overlays;
mod tabs;
mod times;
mod widgets;

pub use look::Look;
pub use render::render;
