//! Reads sendmail.cf files into typed values that know file, line and column.
