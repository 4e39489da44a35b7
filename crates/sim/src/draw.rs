//! Draws by hashing: the same question has the same answer, in whatever order questions are asked.

/// What is drawn. Keeps the draws of different questions apart.
#[derive(Debug, Clone, Copy)]
pub enum Topic {
    Tenant = 1,
    TenantOpen,
    TenantLength,
    TenantOrder,
    HostLoad,
    HostOutage,
    ServiceOutage,
    Period,
    Drift,
    Phase,
    Tilt,
    SwingLength,
    SwingPhase,
    Clean,
    Size,
    Spell,
    SpellStart,
    SpellLength,
    SpellOwner,
    Storm,
    Arrival,
    Length,
    Fault,
    Random,
    Jitter,
}

/// The source of all draws of one world.
#[derive(Debug, Clone, Copy)]
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x5154_494c_4c50_4f49))
    }

    /// 64 even bits for the question (`topic`, `a`, `b`).
    pub fn bits(self, topic: Topic, a: u64, b: u64) -> u64 {
        mix(mix(mix(self.0 ^ topic as u64) ^ a) ^ b)
    }

    /// Even in 0..1.
    pub fn unit(self, topic: Topic, a: u64, b: u64) -> f64 {
        unit(self.bits(topic, a, b))
    }

    /// Even in `from..to`.
    pub fn between(self, topic: Topic, a: u64, b: u64, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit(topic, a, b)
    }

    /// Even in the logarithm, in `from..to`: spells are minutes more often than hours.
    pub fn between_log(self, topic: Topic, a: u64, b: u64, from: f64, to: f64) -> f64 {
        from * (to / from).powf(self.unit(topic, a, b))
    }
}

/// The upper 53 bits as a fraction.
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A bijection that leaves no pattern of its input (the finalizer of splitmix64).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_topics_do_not_follow_each_other() {
        let draw = Draw::new(7);
        let n = 20_000_u64;
        let pairs: Vec<(f64, f64)> = (0..n)
            .map(|i| (draw.unit(Topic::Length, 3, i), draw.unit(Topic::Arrival, 3, i)))
            .collect();
        let mean = pairs.iter().map(|p| p.0).sum::<f64>() / n as f64;
        let together = pairs.iter().map(|p| (p.0 - 0.5) * (p.1 - 0.5)).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
        assert!(together.abs() < 0.002, "covariance {together}");
    }
}
