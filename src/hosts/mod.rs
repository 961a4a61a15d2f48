//! Machine stats and services: the probe script, its parsers, the sampler.
