//! What servers say at the end of an answer, in libldap's words (RFC 4511, appendix A).

/// The server will not answer any more.
pub(crate) const UNAVAILABLE: i32 = 52;

static WORDS: &[(i32, &str)] = &[
    (1, "Operations error"),
    (2, "Protocol error"),
    (3, "Time limit exceeded"),
    (4, "Size limit exceeded"),
    (5, "Compare False"),
    (6, "Compare True"),
    (7, "Authentication method not supported"),
    (8, "Strong(er) authentication required"),
    (9, "Partial results and referral received"),
    (10, "Referral"),
    (11, "Administrative limit exceeded"),
    (12, "Critical extension is unavailable"),
    (13, "Confidentiality required"),
    (14, "SASL bind in progress"),
    (16, "No such attribute"),
    (17, "Undefined attribute type"),
    (18, "Inappropriate matching"),
    (19, "Constraint violation"),
    (20, "Type or value exists"),
    (21, "Invalid syntax"),
    (32, "No such object"),
    (33, "Alias problem"),
    (34, "Invalid DN syntax"),
    (35, "Entry is a leaf"),
    (36, "Alias dereferencing problem"),
    (47, "Proxy Authorization Failure"),
    (48, "Inappropriate authentication"),
    (49, "Invalid credentials"),
    (50, "Insufficient access"),
    (51, "Server is busy"),
    (52, "Server is unavailable"),
    (53, "Server is unwilling to perform"),
    (54, "Loop detected"),
    (64, "Naming violation"),
    (65, "Object class violation"),
    (66, "Operation not allowed on non-leaf"),
    (67, "Operation not allowed on RDN"),
    (68, "Already exists"),
    (69, "Cannot modify object class"),
    (70, "Results too large"),
    (71, "Operation affects multiple DSAs"),
    (80, "Other (e.g., implementation specific) error"),
];

/// The words for a code.
pub(crate) fn words(code: i32) -> &'static str {
    WORDS.iter().find(|(number, _)| *number == code).map_or("Unknown error", |(_, words)| words)
}
