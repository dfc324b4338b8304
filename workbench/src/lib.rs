//! Address test mode and the tools beyond it.
