//! One replica VM on its host: when its logs are applied, what befalls it, what is on it. Computed up to an instant when somebody looks.

mod works;

pub use works::{Standing, Task, Work};

use crate::world::{Applies, SpellKind};
use crate::{Ms, Span};
use domain::ids::VmGuid;
use domain::job::JobState;
use std::collections::VecDeque;

/// A finished job stays listed so long.
pub const LISTED: Ms = 300_000;
/// What was written longer ago no export can have seen.
const WRITES_KEPT: Ms = 6 * crate::HOUR;
/// Longest apply of logs that were held back.
const CATCH_UP_MAX: Ms = 45_000;

/// How the host of a machine treats applies.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Holds applies back while a checkpoint stands and refuses what it must.
    pub protected: bool,
    /// Held back, an apply dies with this error at once; else it only waits.
    pub refuses_with: Option<u32>,
}

/// One apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: String,
    pub from: Ms,
    pub to: Ms,
    /// How it ends, or ended.
    pub state: JobState,
    pub code: u32,
}

/// A stretch with a blocker other than an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub kind: SpellKind,
    pub span: Span,
}

/// A replica VM.
#[derive(Debug)]
pub struct Machine {
    pub number: usize,
    pub vm: VmGuid,
    pub name: String,
    pub tenant: usize,
    pub disks: usize,
    pub interval_secs: u32,
    /// The host it is on.
    pub home: usize,
    /// By their beginning; no two overlap.
    pub stretches: VecDeque<Stretch>,
    pub applying: Option<Run>,
    pub ended: VecDeque<Run>,
    pub last_apply: Option<Ms>,
    /// An apply broke off and none has completed since.
    pub half_applied: bool,
    pub works: Vec<Work>,
    pub checkpoints: Vec<Standing>,
    /// The host is off until then.
    pub off_until: Ms,
    /// On no host until then.
    pub gone_until: Ms,
    /// It was on no host for a while, or became another tenant's.
    pub was_away: bool,
    /// Since when its primary sends no logs.
    pub paused: Option<Ms>,
    /// To what its primary is just being changed.
    pub changing: Option<bool>,
    /// Whether the first stretch has begun.
    begun: bool,
    cursor: Ms,
    skip_until: Ms,
    backlog: Ms,
    writes: VecDeque<Span>,
    ids: u64,
}

impl Machine {
    #[must_use]
    pub fn new(number: usize, at: Ms) -> Self {
        Self {
            number,
            vm: VmGuid(uuid::Uuid::from_u128(0x5b2f_0000 + number as u128)),
            name: format!("vm-{number}"),
            tenant: 0,
            disks: 2,
            interval_secs: 300,
            home: 0,
            stretches: VecDeque::new(),
            applying: None,
            ended: VecDeque::new(),
            last_apply: None,
            half_applied: false,
            works: Vec::new(),
            checkpoints: Vec::new(),
            off_until: Ms::MIN,
            gone_until: Ms::MIN,
            was_away: false,
            paused: None,
            changing: None,
            begun: false,
            cursor: at,
            skip_until: at,
            backlog: 0,
            writes: VecDeque::new(),
            ids: 0,
        }
    }

    pub fn id(&mut self, stem: &str) -> String {
        self.ids += 1;
        format!("{stem}-{}-{}", self.number, self.ids)
    }

    /// The stretch that holds now.
    #[must_use]
    pub fn stretch(&self) -> Option<Stretch> {
        self.stretches.front().copied().filter(|_| self.begun)
    }

    /// Whether a checkpoint of anybody, or the job that makes it, holds the lock.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        let making = |w: &Work| w.is_running() && matches!(w.task, Task::Snapshot { .. });
        self.checkpoints.iter().any(|c| c.ours) || self.works.iter().any(making)
    }

    /// Whether anybody works on it, or its primary is held.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let held = self.paused.is_some() || self.changing.is_some();
        held || !self.checkpoints.is_empty() || self.works.iter().any(Work::is_running)
    }

    /// Why the disks are not whole now, or may not be touched.
    #[must_use]
    pub fn torn(&self) -> Option<&'static str> {
        if self.applying.is_some() {
            return Some("a log is being applied");
        }
        if self.half_applied {
            return Some("an apply broke off");
        }
        match self.stretch()?.kind {
            SpellKind::Resynchronization => Some("it is resynchronized"),
            SpellKind::InitialReplication => Some("its initial replication runs"),
            SpellKind::FailoverInProgress => Some("it is failed over"),
            _ => None,
        }
    }

    /// Why the host would not take a checkpoint now.
    #[must_use]
    pub fn refusal(&self) -> Option<&'static str> {
        self.torn().or_else(|| {
            Some(match self.stretch()?.kind {
                SpellKind::ApplyInterrupted => "an apply was interrupted",
                SpellKind::ApplyFailed => "an apply failed",
                SpellKind::HealthCritical => "its health is critical",
                SpellKind::Migrating => "it is moved",
                _ => return None,
            })
        })
    }

    /// Whether anything was written to its disks in this time, both ends included.
    #[must_use]
    pub fn was_written(&self, span: Span) -> bool {
        let touches = |w: &Span| w.from <= span.to && w.to >= span.from;
        let applying = self.applying.as_ref().is_some_and(|run| run.from <= span.to);
        let writing = self.stretch().filter(|s| writes(s.kind));
        applying || writing.is_some_and(|s| s.span.from <= span.to) || self.writes.iter().any(touches)
    }

    /// Lets everything happen up to an instant.
    pub fn advance(&mut self, to: Ms, applies: &mut Applies<'_>, manner: Manner) {
        while self.cursor < to {
            if self.off_until > self.cursor {
                self.cursor = self.off_until.min(to);
                continue;
            }
            let next = self.happens(to, applies, manner);
            self.cursor = next.max(self.cursor);
        }
        let horizon = to - LISTED;
        self.ended.retain(|run| run.to > horizon);
        self.works.retain(|work| work.is_running() || work.to > horizon);
        self.writes.retain(|span| span.to > to - WRITES_KEPT);
    }

    /// What happens next, and when; `to` when nothing does before.
    fn happens(&mut self, to: Ms, applies: &mut Applies<'_>, manner: Manner) -> Ms {
        let at = self.cursor;
        // Later than it was to be where the host was off.
        let coming = self.stretches.front().map_or(Ms::MAX, |s| s.span.from.max(at));
        let stretch = self.stretch();
        if let Some(run) = &self.applying {
            let end = run.to;
            if stretch.is_none() && coming < end && coming <= to {
                self.cursor = coming;
                self.begin(manner);
                return coming;
            }
            if end > to {
                return to;
            }
            self.cursor = end;
            self.apply_ends(end);
            return end;
        }
        if let Some(s) = stretch {
            if s.span.to <= to && (stops(s.kind) || s.span.to <= at) {
                self.stretch_ends();
                return s.span.to.max(at);
            }
            if stops(s.kind) {
                return to;
            }
        }
        let locked = manner.protected && self.is_locked();
        if self.backlog > 0 && !locked && self.paused.is_none() {
            let length = std::mem::take(&mut self.backlog).min(CATCH_UP_MAX);
            self.apply_begins(at, at + length, JobState::Completed, 0);
            return at;
        }
        let apply = applies.ending_after(self.number, at.max(self.skip_until));
        let begins = apply.map_or(Ms::MAX, |a| a.from.max(at).max(self.skip_until));
        let changes = match stretch {
            Some(s) => s.span.to,
            None => coming,
        };
        if changes.min(begins) > to {
            return to;
        }
        if changes <= begins {
            self.cursor = changes.max(at);
            if stretch.is_some() {
                self.stretch_ends();
            } else {
                self.begin(manner);
            }
            return changes;
        }
        let Some(apply) = apply else { return to };
        self.skip_until = apply.to;
        if self.paused.is_some() {
            // It comes when the primary sends again.
            self.backlog += apply.to - begins;
        } else if locked {
            self.backlog += apply.to - begins;
            if let Some(code) = manner.refuses_with {
                let id = self.id("apply");
                let (state, to) = (JobState::Exception, begins + 200);
                self.ended.push_back(Run {
                    id,
                    from: begins,
                    to,
                    state,
                    code,
                });
            }
        } else {
            self.apply_begins(begins, apply.to, JobState::Completed, 0);
        }
        begins
    }

    fn apply_begins(&mut self, from: Ms, to: Ms, state: JobState, code: u32) {
        let id = self.id("apply");
        self.applying = Some(Run {
            id,
            from,
            to,
            state,
            code,
        });
    }

    fn apply_ends(&mut self, at: Ms) {
        let Some(mut run) = self.applying.take() else {
            return;
        };
        run.to = at;
        self.writes.push_back(Span {
            from: run.from,
            to: at,
        });
        if run.state == JobState::Completed {
            self.last_apply = Some(at);
            self.half_applied = false;
        } else {
            self.half_applied = true;
        }
        self.ended.push_back(run);
    }

    /// The apply that runs breaks off now.
    pub fn break_off(&mut self, state: JobState) {
        let at = self.cursor;
        if let Some(run) = &mut self.applying {
            run.state = state;
            self.apply_ends(at);
        }
    }

    /// The next stretch begins.
    fn begin(&mut self, manner: Manner) {
        let at = self.cursor;
        let Some(stretch) = self.stretches.front_mut() else {
            return;
        };
        stretch.span.from = at;
        let stretch = *stretch;
        self.begun = true;
        let bad = match stretch.kind {
            SpellKind::ApplyInterrupted => Some((JobState::Terminated, 0)),
            SpellKind::ApplyFailed => Some((JobState::Exception, 0x8007_0017)),
            SpellKind::Resynchronization | SpellKind::InitialReplication | SpellKind::FailoverInProgress => {
                self.break_off(JobState::Killed);
                None
            }
            SpellKind::HealthCritical | SpellKind::Migrating => None,
        };
        let Some((state, code)) = bad else { return };
        if manner.protected && self.is_locked() {
            // No apply can break off that is held back.
            self.stretches.pop_front();
            self.begun = false;
            return;
        }
        match &mut self.applying {
            Some(run) => {
                run.to = run.to.min(at + 2_000);
                run.state = state;
                run.code = code;
            }
            None => self.apply_begins(at, at + 2_000, state, code),
        }
    }

    fn stretch_ends(&mut self) {
        let Some(stretch) = self.stretches.pop_front() else {
            return;
        };
        self.begun = false;
        match stretch.kind {
            SpellKind::Resynchronization | SpellKind::InitialReplication => {
                self.writes.push_back(stretch.span);
                self.half_applied = false;
            }
            SpellKind::FailoverInProgress => self.writes.push_back(stretch.span),
            _ => {}
        }
        self.skip_until = self.skip_until.max(self.cursor);
    }
}

/// Whether no log is applied meanwhile, and one that runs breaks off.
fn stops(kind: SpellKind) -> bool {
    !matches!(kind, SpellKind::HealthCritical | SpellKind::Migrating)
}

/// Whether something else than an apply writes to the disks.
fn writes(kind: SpellKind) -> bool {
    matches!(
        kind,
        SpellKind::Resynchronization | SpellKind::InitialReplication | SpellKind::FailoverInProgress
    )
}
