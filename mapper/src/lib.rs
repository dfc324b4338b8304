//! Every map class, alias files, and the programs that build databases.
