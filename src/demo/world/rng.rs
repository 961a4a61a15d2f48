//! Chance that is the same for the same seed, on every machine and in every version.

/// A small generator (splitmix64, by Steele, Lea and Flood, 2014). Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of one place and time in a seed's world, whatever was drawn elsewhere.
    pub fn at(seed: u64, place: u64, time: i64) -> Self {
        let mut rng = Self(seed ^ place.rotate_left(40) ^ time.cast_unsigned().rotate_left(20));
        rng.bits();
        rng
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `low` to `high`, without `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// 0 to `n`, without `n`; 0 for 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n.max(1)
    }

    /// True this often, of 1.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// One of these, which must not be none.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// How often something happens that happens `mean` times on average (close to Poisson, without its long loop).
    pub fn count(&mut self, mean: f64) -> u64 {
        let spread = self.unit() + self.unit() + self.unit() - 1.5;
        (mean + spread * 2.0 * mean.sqrt() + self.unit()).max(0.0) as u64
    }

    /// A time to wait with this mean (exponential).
    pub fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        // From the reference implementation, seed 1234567.
        let mut rng = Rng(1_234_567);
        assert_eq!([rng.bits(), rng.bits()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert_ne!(Rng::at(1, 2, 3).bits(), Rng::at(1, 3, 2).bits());
    }

    #[test]
    fn draws_stay_in_their_range_and_near_their_mean() {
        let mut rng = Rng(7);
        let draws = 10_000;
        assert!((0..draws).all(|_| (2.0..3.0).contains(&rng.between(2.0, 3.0))));
        let counted: u64 = (0..draws).map(|_| rng.count(8.0)).sum();
        assert!((7.0..9.5).contains(&(counted as f64 / f64::from(draws))), "{counted}");
        let waited: f64 = (0..draws).map(|_| rng.wait(40.0)).sum();
        assert!((38.0..42.0).contains(&(waited / f64::from(draws))), "{waited}");
    }
}
