//! Differential tests against real sendmail.
