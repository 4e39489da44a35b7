//! The night in words.

use crate::commands::deed::told;
use crate::document::night::Night;
use crate::telling::Table;
use domain::forecast::Estimate;
use domain::words::{count, explain_move, explain_slack, span};

/// Rows of those at risk that people are shown; JSON has all.
const AT_RISK_SHOWN_MAX: usize = 20;

impl Night<'_> {
    pub(super) fn print(&self) {
        let counts = self.tonight.counts;
        println!("the night as of {}", told(self.now));
        println!(
            "{} owed: {} met, {} open ({} running, {} at risk); {} excluded, {} overdue from before",
            counts.owed,
            counts.met,
            counts.open,
            counts.running,
            counts.at_risk,
            counts.excluded,
            counts.overdue
        );
        println!();
        let mut table = Table::new(["CAUSE", "WHAT", "HOW MUCH", "SINCE", "NEXT DUE", "SLACK", "NOTED"]);
        for cause in &self.tonight.causes {
            let noted = match self.acknowledgement(cause) {
                Some(it) => format!("by {} until {}", it.author, told(it.until)),
                None => String::new(),
            };
            table.row([
                cause.key.clone(),
                cause.title(),
                cause.extent(),
                told(cause.since_oldest),
                told(cause.next_due),
                explain_slack(cause.least_slack_secs),
                noted,
            ]);
        }
        table.print("nothing keeps anybody");
        if !self.tonight.at_risk.is_empty() {
            println!("\nat risk:");
        }
        for standing in self.tonight.at_risk.iter().take(AT_RISK_SHOWN_MAX) {
            println!(
                "  {}  due {}  {}: {}",
                self.name(standing.owed.key.replica),
                told(standing.owed.window.due),
                explain_slack(standing.slack_secs),
                explain_move(&standing.decision.what).title
            );
            if let Some(Estimate::Risk {
                probability_bp,
                reason,
            }) = standing.foresight.map(|it| it.estimate)
            {
                let percent = probability_bp.get() / 100;
                println!("      missed with {percent} %: {}", reason.sentence());
            }
        }
        let more = self.tonight.at_risk.len().saturating_sub(AT_RISK_SHOWN_MAX);
        if more > 0 {
            println!("  and {} (--json has all)", count(more as u64, "other", "others"));
        }
        self.print_laid();
    }

    fn print_laid(&self) {
        let running: Vec<String> = self.running().into_iter().map(|id| self.name(id)).collect();
        if !running.is_empty() {
            println!("\nrunning: {}", running.join(", "));
        }
        if !self.holds.is_empty() {
            println!(
                "\n{} (`stillpoint hold list`)",
                count(self.holds.len() as u64, "hold", "holds")
            );
        }
        for pause in &self.pauses {
            let left = (pause.until - self.now).num_seconds();
            println!(
                "\npaused primary: {} of {}, {}; resumed by the watchdog {}{}",
                pause.primary,
                self.name(pause.replica),
                pause.state.as_str(),
                match u64::try_from(left) {
                    Ok(left) => format!("in {}", span(left)),
                    Err(_) => "now".to_owned(),
                },
                pause
                    .trouble
                    .as_ref()
                    .map_or(String::new(), |it| format!("; {it}"))
            );
        }
    }
}
