//! The chapters of the API.

macro_rules! tags {
    ($($name:ident $title:literal $says:literal;)*) => {
        /// A chapter of the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Tag { $($name,)* }
        impl Tag {
            /// In the order of the page.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $title,)* } }
            pub const fn says(self) -> &'static str { match self { $(Self::$name => $says,)* } }
        }
    };
}

tags! {
    Night "Night" "What is owed now, what runs, what waits and why.";
    Replicas "Replicas" "What is backed up: each replica with its verdict, timeline and plan.";
    Points "Restore points" "What was sealed, with its evidence, and its disks as files.";
    Days "Days and figures" "SLA days with their stories, corrections, and the figures over them.";
    Rules "Rules and hands" "Policies and who has which; holds, acknowledgements, cancels: what people lay on the plan.";
    Tenants "Tenants" "Tenants and the rules that claim replicas for them.";
    Mine "A tenant's own" "For a tenant's people: their machines, restore points, days and window, without a name of the hoster's machines.";
    People "People and tokens" "Who can log in, who may come, and keys for programs.";
    Own "Own log-in" "One's own sessions, password and second factor. By session only.";
    Trail "Audit trail" "Who did what, from where, when.";
    About "About" "The API about itself.";
}
