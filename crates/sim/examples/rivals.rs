//! Prints the report as JSON: `cargo run -p sim --example rivals -- REPLICAS DAYS SEED DUTY`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let text = |n: usize, otherwise: &str| given.get(n).cloned().unwrap_or_else(|| otherwise.to_owned());
    let spec = sim::WorldSpec {
        seed: text(2, "1").parse()?,
        replicas: text(0, "1000").parse()?,
        days: text(1, "5").parse()?,
        duty: text(3, "0.5").parse()?,
    };
    println!(
        "{}",
        serde_json::to_string_pretty(&sim::report(spec, &sim::PolicyName::KNOWN)?)?
    );
    Ok(())
}
