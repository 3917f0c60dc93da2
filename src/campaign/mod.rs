//! Many runs of one question.

pub mod prove;
mod shorten;
