//! The README says what the program does.

use quarterdeck::cli::keys::listing;
use quarterdeck::ui::keymap::Keymap;

#[test]
fn the_readmes_keys_are_the_default_keys() {
    let readme = include_str!("../README.md");
    let block = readme.split("<!-- keys -->").nth(1).expect("the block begins");
    let block = block.split("<!-- /keys -->").next().expect("the block ends");
    let (keymap, _) = Keymap::load("default", None);
    let expected = format!("\n```text\n{}```\n", listing(&keymap));
    assert_eq!(block, expected, "paste the output of `qd keys` between the marks");
}
