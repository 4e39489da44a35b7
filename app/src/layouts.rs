//! The frame around the screens.

mod operator;

pub use operator::Operator;
