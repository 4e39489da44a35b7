//! Drives the real engine over seeds: `cargo run -p sim --example drive -- FIRST LAST STEPS`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, otherwise: u64| given.get(n).map_or(Ok(otherwise), |text| text.parse::<u64>());
    let (from, to, steps) = (number(0, 0)?, number(1, 4)?, number(2, 5_000)?);
    let all = sim::drive::seeds::drive_all(from..=to, steps, &mut |one| {
        println!("{}", serde_json::to_string(one).unwrap_or_default());
    })?;
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}
