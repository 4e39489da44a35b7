//! The world's clock and the policy, as `config.toml` says them.

use std::time::{SystemTime, UNIX_EPOCH};

/// World time = epoch_world + (now - epoch_real) * speed. All in seconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct World {
    epoch_world: f64,
    epoch_real: f64,
    speed: f64,
}

impl World {
    /// Reads the section `[world]`.
    pub fn of(config: &str) -> Result<Self, String> {
        let instant = |key: &str| {
            let value = value(config, "world", key).map(|value| value.trim_matches(['"', '\'']).to_owned());
            value
                .as_deref()
                .and_then(seconds)
                .ok_or_else(|| format!("config.toml has no time world.{key}"))
        };
        let speed = value(config, "world", "speed").and_then(|value| value.parse().ok());
        Ok(Self {
            epoch_world: instant("epoch_world")?,
            epoch_real: instant("epoch_real")?,
            speed: speed.ok_or("config.toml has no number world.speed")?,
        })
    }

    /// Where the world stands now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the soak drives other processes by the machine's own clock"
    )]
    pub fn now(&self) -> f64 {
        let real = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64());
        self.epoch_world + (real - self.epoch_real) * self.speed
    }
}

fn value(config: &str, section: &str, key: &str) -> Option<String> {
    let header = format!("[{section}]");
    let inside = config
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1);
    inside.take_while(|line| !line.starts_with('[')).find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == key).then(|| value.split(" #").next().unwrap_or_default().trim().to_owned())
    })
}

/// The configuration with these keys of `[policy]` set.
pub fn with_policy(config: &str, settings: &[(&str, u64)]) -> String {
    let ours = |line: &str| {
        let name = line.split('=').next().unwrap_or_default().trim();
        settings.iter().any(|(key, _)| *key == name)
    };
    let mut lines: Vec<String> = config
        .lines()
        .filter(|line| !ours(line))
        .map(str::to_owned)
        .collect();
    if !lines.iter().any(|line| line.trim() == "[policy]") {
        lines.push("\n[policy]".to_owned());
    }
    let mut written = Vec::new();
    for line in lines {
        let header = line.trim() == "[policy]";
        written.push(line);
        if header {
            written.extend(settings.iter().map(|(key, value)| format!("{key} = {value}")));
        }
    }
    written.join("\n") + "\n"
}

/// RFC 3339 in UTC to seconds since 1970.
pub fn seconds(text: &str) -> Option<f64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let time = time.strip_suffix('Z').or_else(|| time.strip_suffix("+00:00"))?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let (hour, minute) = (
        time.next()?.parse::<i64>().ok()?,
        time.next()?.parse::<i64>().ok()?,
    );
    let second = time.next()?.parse::<f64>().ok()?;
    // Days since 1970-01-01 in the proleptic Gregorian calendar; the year begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    Some((days * 86_400 + hour * 3_600 + minute * 60) as f64 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[staging]\npath = \"s\"\n\n[policy]\npoll_secs = 20\nbackup_every_secs = 86400\n\n[world]\nepoch_world = \"2026-11-22T20:00:00Z\"\nepoch_real = \"2026-11-22T21:00:00.500Z\"\nspeed = 20.0\n";

    #[test]
    fn instants_are_seconds_since_1970() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(seconds("2000-02-29T12:00:00+00:00"), Some(951_825_600.0));
        assert_eq!(seconds("2026-11-22T20:00:00.250Z"), Some(1_795_377_600.25));
        assert_eq!(seconds("yesterday"), None);
    }

    #[test]
    fn the_world_is_read_and_the_policy_replaced() {
        let world = World::of(CONFIG).expect("a world");
        assert_eq!(
            (world.epoch_world, world.epoch_real, world.speed),
            (1_795_377_600.0, 1_795_381_200.5, 20.0)
        );
        let changed = with_policy(CONFIG, &[("backup_every_secs", 600)]);
        assert_eq!(
            value(&changed, "policy", "backup_every_secs").as_deref(),
            Some("600")
        );
        assert_eq!(value(&changed, "policy", "poll_secs").as_deref(), Some("20"));
        assert!(with_policy("x = 1\n", &[("a", 2)]).ends_with("[policy]\na = 2\n"));
    }
}
