//! `cargo xtask soak`.

/// Placeholder until the soak lands.
pub fn run(_args: &[String]) -> Result<(), String> {
    Ok(())
}
