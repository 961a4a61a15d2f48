//! Words typed letter by letter.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A word typed letter by letter, as a filter or as a search, while rows come and with no time to finish in
    /// between, gives in the end what it gives when it is asked for at once.
    #[test]
    fn typing_on_gives_what_asking_anew_gives(
        events in proptest::collection::vec(made(), 1..60),
        letters in "[ab1c-]{1,5}",
        rubbed_out in 0_usize..3,
        beside in prop_oneof![Just(None), queries().prop_map(Some)],
        (any, as_search, fold) in (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.2)),
        time in proptest::collection::vec(0_usize..20, 8),
    ) {
        let shape = Shape { text: 200, rows: 10, hot: 1 };
        let (ingest, mut store, mut view) = (ingest(), Store::shaped(1 << 30, shape), View::default());
        let asked = |word: &str| {
            let parts: Vec<Query> = beside.iter().cloned().chain((!as_search).then(|| Query::text(word))).collect();
            let query = if any { Query::any(parts) } else { Query::all(parts) };
            let filter = LogFilter { query, hidden: Vec::new() };
            LogQuery { filter, search: as_search.then(|| word.to_owned()), rows: 7, histogram: 10, fold, ..LogQuery::default() }
        };
        // Typed to its end, some of it rubbed out, and typed again.
        let ends = (1..=letters.len()).chain((letters.len().saturating_sub(rubbed_out).max(1)..letters.len()).rev());
        let ends: Vec<usize> = ends.chain([letters.len()]).collect();
        let rows = coming(&events);
        let each = rows.len().div_ceil(ends.len());
        for (n, end) in ends.iter().enumerate() {
            for (seq, row) in rows.iter().skip(n * each).take(each) {
                store.insert(released(*seq, *row));
            }
            view.ask(asked(&letters[..*end]));
            let mut left = time[n % time.len()];
            view.advance_first(&store, &ingest, || { left = left.saturating_sub(1); left > 0 });
        }
        view.advance(&store, &ingest, || true);
        let mut fresh = View::default();
        fresh.ask(asked(&letters));
        fresh.advance_first(&store, &ingest, || true);
        let first = fresh.window(&store, &ingest).expect("there is a first window");
        fresh.advance(&store, &ingest, || true);
        let last = fresh.window(&store, &ingest).expect("there is a last one");
        prop_assert!(fold || first.rows == last.rows, "the first window is full already: {first:?}, then {last:?}");
        prop_assert_eq!(view.window(&store, &ingest), fresh.window(&store, &ingest));
    }
}
