use proptest::prelude::*;

use super::*;

fn known(name: &str) -> bool {
    ["status", "path", "msg", "req.id", "dur_ms"].contains(&name)
}

fn read(text: &str) -> Query {
    parse(text, known).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(pattern: &str) -> Query {
    Query::text(pattern)
}

fn field(name: &str, op: Op, value: &str) -> Query {
    Query::field(name, op, value)
}

#[test]
fn words_are_regexes_and_known_names_are_fields() {
    for (line, expected) in [
        ("", Query::default()),
        ("   ", Query::default()),
        ("KeyError", text("KeyError")),
        ("KeyError:", text("KeyError:")),
        ("status>=500", field("status", Op::AtLeast, "500")),
        ("status=", text("status=")),
        ("status=\"\"", field("status", Op::Is, "")),
        ("colour=red", text("colour=red")),
        ("fields.colour=red", field("fields.colour", Op::Is, "red")),
        ("level>=warn", field("level", Op::AtLeast, "warn")),
        ("level=warn", field("level", Op::Is, "warn")),
        ("host:web*", field("host", Op::Like, "web*")),
        ("!host:web-1", Query::inverse(field("host", Op::Like, "web-1"))),
        ("path!~^/static", field("path", Op::MatchesNot, "^/static")),
        ("req.id!=7f", field("req.id", Op::IsNot, "7f")),
        ("msg='no cart'", field("msg", Op::Is, "no cart")),
        ("\"status=500\"", text("status=500")),
        ("/status=500", text("status=500")),
        ("/", text("/")),
        ("//", text("/")),
        ("a(b c|d)e", text("a(b c|d)e")),
        ("(?i)keyerror", text("(?i)keyerror")),
        ("[ |)]x", text("[ |)]x")),
        ("[]|]x", text("[]|]x")),
        ("a\\|b\\ c", text("a\\|b\\ c")),
        ("\"it's\"", text("it's")),
        ("colour=\"dark red\"", text("colour=\"dark red\"")),
        ("'\"level\":\"error\"'", text("\"level\":\"error\"")),
        ("\"\\\"level\\\":\"", text("\"level\":")),
        ("\"a\\.b\\\\\"", text("a\\.b\\\\")),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn blank_is_and_bar_is_or_and_not_binds_closest() {
    let [a, b, c] = ["a", "b", "c"].map(text);
    let not_a = Query::inverse(a.clone());
    for (line, expected) in [
        ("a b", Query::all(vec![a.clone(), b.clone()])),
        ("a|b", Query::any(vec![a.clone(), b.clone()])),
        ("a b | c", Query::any(vec![Query::all(vec![a.clone(), b.clone()]), c.clone()])),
        ("a (b | c)", Query::all(vec![a.clone(), Query::any(vec![b.clone(), c.clone()])])),
        ("!a b", Query::all(vec![not_a.clone(), b.clone()])),
        ("!(a b)", Query::inverse(Query::all(vec![a.clone(), b.clone()]))),
        ("! a", not_a),
        ("!!a", a.clone()),
        ("((a))", a.clone()),
        ("(a) (b)", Query::all(vec![a, b])),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn an_error_says_what_and_where() {
    for (line, column, says) in [
        ("a \"b", 3, "unclosed quote"),
        ("é colour=\"b", 10, "unclosed quote"),
        ("a (b", 3, "unclosed `(`"),
        ("a x(b", 4, "unclosed `(`"),
        ("x[b", 2, "unclosed `[`"),
        ("a) b", 2, "without its `(`"),
        ("a |", 4, "missing"),
        ("| a", 1, "missing"),
        ("!", 2, "missing"),
        ("()", 2, "missing"),
        ("a *b", 3, "repetition operator missing"),
        ("path~*b", 1, "repetition operator missing"),
        ("\"level\":x", 8, "after a closing quote"),
        ("a level>=bad", 3, "no level"),
        ("(a|b)+", 6, "stands in quotes"),
        ("(a)(b)", 4, "stands in quotes"),
        ("a x(\\w{200}){200}", 3, "size limit"),
    ] {
        let error = parse(line, known).expect_err(line);
        assert_eq!(error.column, column, "{line}: {error}");
        assert!(error.what.contains(says), "{line}: {error}");
    }
    assert!(parse(&"(".repeat(10_000), known).is_err());
    assert!(parse(&"!".repeat(10_000), known).is_err());
}

#[test]
fn chips_are_what_must_all_hold() {
    let query = read("level>=warn !healthz (a|b c) \"x y\"");
    assert_eq!(query.chips(), ["level>=warn", "!healthz", "(a | b c)", "\"x y\""]);
    assert_eq!(query.to_string(), "level>=warn !healthz (a | b c) \"x y\"");
    assert_eq!(query.least_level(), Some(Level::Warn));
    assert_eq!(query.with_least_level(None).to_string(), "!healthz (a | b c) \"x y\"");
    assert_eq!(read("a|b").with_least_level(Some(Level::Error)).to_string(), "level>=error (a | b)");
    assert_eq!(read("a|b").chips(), ["(a | b)"]);
    assert!(Query::default().chips().is_empty());
}

/// Queries that the parser could have made: every regex valid.
fn queries() -> impl Strategy<Value = Query> {
    let pattern = prop_oneof![
        "[a-c=:~!<>\"'/|() .\\\\]{0,8}",
        "[a-z]{1,4}(=|:|>=|!~)[a-z\" ]{0,4}",
        "\\PC{0,6}",
        "\\[[\\]a|) \"]{1,4}\\]",
    ]
    .prop_filter("a regex", |pattern| regex(pattern).is_ok());
    let value = "[a-z0-9*|()\"' /!]{0,8}";
    let name = prop_oneof![Just("level"), Just("status"), Just("req.id"), Just("fields.x-y/@z"), Just("host")];
    let op = proptest::sample::select(Op::ALL.to_vec());
    let leaf = prop_oneof![
        pattern.prop_map(|pattern| Query::text(&pattern)),
        (name, op, value).prop_map(|(name, op, value)| Query::field(name, op, &value)).prop_filter("valid", |query| {
            let Query::Field(test) = query else { return false };
            let regexes = matches!(test.op, Op::Matches | Op::MatchesNot);
            let levels = test.name == "level" && test.op != Op::Like;
            if regexes { regex(&test.value).is_ok() } else { !levels }
        }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Query::all),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Query::any),
            inner.prop_filter("not of nothing", |query| !query.is_everything()).prop_map(Query::inverse),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(query in queries()) {
        let printed = query.to_string();
        prop_assert_eq!(parse(&printed, |_| true), Ok(query.clone()), "{}", printed);
        // Which other fields are known changes nothing.
        prop_assert_eq!(parse(&printed, |name| ["status", "req.id"].contains(&name)), Ok(query.clone()), "{}", printed);
        let chips = query.chips().join(" ");
        prop_assert_eq!(parse(&chips, |_| true), Ok(query), "{}", chips);
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place_in_it(line in "[a-c=:~!<>\"'/|() .\\[\\]\\\\é]{0,30}") {
        match parse(&line, known) {
            Ok(query) => prop_assert_eq!(parse(&query.to_string(), known), Ok(query.clone()), "{}", query),
            Err(error) => prop_assert!((1..=line.chars().count() + 1).contains(&error.column), "{}", error),
        }
    }
}
