//! L0: the only place that opens sockets, starts processes, reads the clock, the environment and
//! the user database.

pub mod background;
pub mod clock;
pub mod config_files;
pub mod disk;
pub mod dot_lock;
pub mod duplex;
pub mod durable;
pub mod errors;
pub mod exec;
pub mod history_file;
pub mod host_status_files;
pub mod hostname;
pub mod ids;
pub mod line_file;
pub mod list_files;
pub mod listen;
pub mod load;
pub mod mailbox_file;
pub mod net;
pub mod new_files;
pub mod other_programs;
pub mod poll;
pub mod privileges;
pub mod program_safety;
pub mod scratch;
pub mod signals;
pub mod statistics_file;
pub mod syslog;
pub mod terminal;
pub mod traffic;
mod unsafe_fork;
mod unsafe_user_list;
pub mod users;
