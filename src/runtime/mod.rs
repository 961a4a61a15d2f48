//! Joins the pure half and the adapters: event loop, effects, workers, terminal.
