//! The keys of an fst file: walking the transducer.
//!
//! The format is that of the crate `fst`. Its own reader takes every byte on trust and panics at a broken one; this
//! one checks each. A node is written from its end: a state byte at its address, the rest in
//! front of it. What it leads to lies in front of the node, so that no walk is longer than the file.

use std::ops::ControlFlow;

use super::FstError;
use super::checked::Checked;
use super::header::Header;

/// Bytes that common inputs stand for in the lowest six bits of a state, from 1 on.
pub(super) const COMMON: &[u8; 63] =
    b"te/oasripcnw.hlm-du012g=:bf3y5&_4v9678k%?xCDASFIBEjPTzRNM+LOqHG";
/// The largest node with one transition: its state, an input, sizes, an address and an output.
const MAX_SINGLE: usize = 1 + 1 + 1 + 8 + 8;
/// The largest node: its state, count and sizes, an index, inputs, and addresses and outputs of 8 bytes, with one
/// more output.
const MAX_NODE: usize = 3 + 256 + 256 * (1 + 8 + 8) + 8;
/// Nodes with more transitions have an index of them.
pub(super) const INDEXED: usize = 32;
/// Inputs that are sooner compared one by one.
const FEW: usize = 12;
/// What stands in front of the nodes: version and type.
pub(super) const FIRST_NODE: usize = 16;
/// What stands behind them: the number of keys, the root's address.
const TRAILER: usize = 8 + 8;
/// The address of a node that is final and leads nowhere.
pub(super) const END: usize = 0;

/// Bits of a state: there is one transition; it leads to the node right in front; a key ends here (with many
/// transitions); what stands for an input or a count.
pub(super) const SINGLE: u8 = 0b1000_0000;
pub(super) const NEXT: u8 = 0b0100_0000;
pub(super) const ENDS: u8 = 0b0100_0000;
const LOW: u8 = 0b0011_1111;

/// The transducer of a file.
pub(super) struct Keys<'f, D> {
    file: &'f Checked<D>,
    root: usize,
    entries: u64,
    longest: usize,
}

/// Where a node leads, its arrays last transition first.
#[derive(Clone, Copy)]
struct Node<'f> {
    /// The output of the key that ends here, if one does.
    ends: Option<u64>,
    /// The address in front of the node.
    before: usize,
    /// The inputs, as one array or, of a node with one transition, in the state.
    inputs: Inputs<'f>,
    addresses: &'f [u8],
    address_size: usize,
    outputs: &'f [u8],
    output_size: usize,
}

#[derive(Clone, Copy)]
enum Inputs<'f> {
    /// One transition.
    One(u8),
    /// One transition, to the node right in front of this one.
    Next(u8),
    Many(&'f [u8]),
}

/// Gets a key and its rank, and says whether it wants more.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&[u8], u64) -> Result<ControlFlow<()>, FstError>;

/// Bytes that have been checked, and the address of the first of them.
struct Sound<'f> {
    bytes: &'f [u8],
    first: usize,
}

impl<'f> Sound<'f> {
    /// The bytes up to a node's last one, if enough of them for one transition are among these.
    #[inline]
    fn up_to(&self, address: usize) -> Option<Tail<'f>> {
        let end = address.checked_add(1)?.checked_sub(self.first)?;
        if end < MAX_SINGLE && self.first > FIRST_NODE {
            return None;
        }
        self.bytes.get(..end).map(Tail)
    }
}

/// What is left of the bytes in front of an address.
struct Tail<'f>(&'f [u8]);

impl<'f> Tail<'f> {
    #[inline]
    fn take(&mut self, count: usize) -> Option<&'f [u8]> {
        let (rest, taken) = self.0.split_at_checked(self.0.len().checked_sub(count)?)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (last, rest) = self.0.split_last()?;
        self.0 = rest;
        Some(*last)
    }
}

/// The input of a node with one transition.
#[inline]
fn single_input(state: u8, tail: &mut Tail<'_>) -> Option<u8> {
    match COMMON.get(usize::from(state & LOW).wrapping_sub(1)) {
        Some(common) => Some(*common),
        None => tail.byte(),
    }
}

#[inline]
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl<'f> Node<'f> {
    const END: Self = Self {
        ends: Some(0),
        before: 0,
        inputs: Inputs::Many(&[]),
        addresses: &[],
        address_size: 0,
        outputs: &[],
        output_size: 0,
    };

    /// Reads the node whose last byte ends `bytes`, the first of which has the address `start`; `None` if it is
    /// broken.
    #[inline]
    fn read(bytes: &'f [u8], start: usize) -> Option<Self> {
        let mut tail = Tail(bytes);
        let state = tail.byte()?;
        if state & SINGLE == 0 {
            return Self::many(tail, start, state & ENDS != 0, usize::from(state & LOW));
        }
        let input = single_input(state, &mut tail)?;
        Self::single(state, input, tail, start)
    }

    /// The node of a state with one transition, whose input has been read.
    #[inline]
    fn single(state: u8, input: u8, mut tail: Tail<'f>, start: usize) -> Option<Self> {
        if state & NEXT != 0 {
            let before = start + tail.0.len();
            return Some(Self { ends: None, before, inputs: Inputs::Next(input), ..Self::END });
        }
        let (address_size, output_size) = sizes(tail.byte()?)?;
        let addresses = tail.take(address_size)?;
        let outputs = tail.take(output_size)?;
        let before = start + tail.0.len();
        let inputs = Inputs::One(input);
        Some(Self { ends: None, before, inputs, addresses, address_size, outputs, output_size })
    }

    fn many(mut tail: Tail<'f>, start: usize, ends: bool, low: usize) -> Option<Self> {
        let count = match low {
            // what would be one transition is 256 of them
            0 => match tail.byte()? {
                1 => 256,
                count => usize::from(count),
            },
            count => count,
        };
        let (address_size, output_size) = sizes(tail.byte()?)?;
        tail.take(if count > INDEXED { 256 } else { 0 })?;
        let inputs = Inputs::Many(tail.take(count)?);
        let addresses = tail.take(count * address_size)?;
        let outputs = tail.take(count * output_size)?;
        let ends = match ends {
            true => Some(number(tail.take(output_size)?)),
            false => None,
        };
        let before = start + tail.0.len();
        Some(Self { ends, before, inputs, addresses, address_size, outputs, output_size })
    }

    /// The place, from the end, of the transition of an input.
    #[inline]
    fn find(&self, input: u8) -> Option<usize> {
        match self.inputs {
            Inputs::One(own) | Inputs::Next(own) => (own == input).then_some(0),
            Inputs::Many(inputs) if inputs.len() <= FEW => {
                inputs.iter().position(|own| *own == input)
            }
            Inputs::Many(inputs) => memchr::memchr(input, inputs),
        }
    }

    fn count(&self) -> usize {
        match self.inputs {
            Inputs::One(_) | Inputs::Next(_) => 1,
            Inputs::Many(inputs) => inputs.len(),
        }
    }

    fn input(&self, place: usize) -> Option<u8> {
        match self.inputs {
            Inputs::One(input) | Inputs::Next(input) => Some(input),
            Inputs::Many(inputs) => inputs.get(place).copied(),
        }
    }

    /// Address and output of the transition at a place; the address is in front of the node.
    #[inline]
    fn follow(&self, place: usize) -> Option<(usize, u64)> {
        if matches!(self.inputs, Inputs::Next(_)) {
            return Some((self.before.checked_sub(1)?, 0));
        }
        let item = |items: &'f [u8], size| items.get(place * size..(place + 1) * size).map(number);
        let output = item(self.outputs, self.output_size)?;
        let address = match item(self.addresses, self.address_size)? {
            0 => END,
            distance => self.before.checked_sub(usize::try_from(distance).ok()?)?,
        };
        Some((address, output))
    }
}

/// How many bytes the addresses and outputs of a node take each.
fn sizes(byte: u8) -> Option<(usize, usize)> {
    let (addresses, outputs) = (usize::from(byte >> 4), usize::from(byte & 0b1111));
    (addresses <= 8 && outputs <= 8).then_some((addresses, outputs))
}

impl<'f, D: AsRef<[u8]>> Keys<'f, D> {
    pub(super) fn new(file: &'f Checked<D>, header: &Header) -> Result<Self, FstError> {
        let longest = usize::try_from(header.longest_key).unwrap_or(usize::MAX);
        let mut keys = Self { file, root: END, entries: header.entries, longest };
        let part = &file.keys;
        if part.len() < FIRST_NODE + TRAILER {
            return Err(keys.damaged(0));
        }
        let root = number(file.get(part.end - 8..part.end)?);
        keys.root = usize::try_from(root).map_err(|_| keys.damaged(part.len()))?;
        Ok(keys)
    }

    #[cold]
    fn damaged(&self, at: usize) -> FstError {
        FstError::Damaged { at: self.file.keys.start.saturating_add(at), what: "keys" }
    }

    /// Where the last bytes of a node begin and end, at most so many.
    fn span(&self, address: usize, most: usize) -> Result<(usize, usize), FstError> {
        if address < FIRST_NODE || address >= self.file.keys.len() - TRAILER {
            return Err(self.damaged(address));
        }
        Ok(((address + 1).saturating_sub(most).max(FIRST_NODE), address + 1))
    }

    fn node(&self, address: usize) -> Result<Node<'f>, FstError> {
        if address == END {
            return Ok(Node::END);
        }
        let (start, end) = self.span(address, MAX_NODE)?;
        let part = &self.file.keys;
        let bytes = self.file.get(part.start + start..part.start + end)?;
        Node::read(bytes, start).ok_or_else(|| self.damaged(address))
    }

    /// The rank of a key.
    pub(super) fn rank(&self, key: &[u8]) -> Result<Option<u64>, FstError> {
        if key.len() > self.longest || self.entries == 0 {
            return Ok(None);
        }
        let (mut address, mut rank) = (self.root, 0_u64);
        let mut sound = Sound { bytes: &[], first: 0 };
        for &input in key {
            let Some((next, output)) = self.step(address, input, &mut sound)? else {
                return Ok(None);
            };
            (address, rank) = (next, rank.wrapping_add(output));
        }
        let Some(output) = self.node(address)?.ends else { return Ok(None) };
        self.ranked(rank.wrapping_add(output), address).map(Some)
    }

    /// Where an input leads from a node, and with which output; `None` if nowhere.
    #[inline]
    fn step(
        &self,
        address: usize,
        input: u8,
        sound: &mut Sound<'f>,
    ) -> Result<Option<(usize, u64)>, FstError> {
        if address == END {
            return Ok(None);
        }
        let broken = || self.damaged(address);
        let mut tail = match sound.up_to(address) {
            Some(tail) => tail,
            None => {
                *sound = self.sound(address)?;
                sound.up_to(address).ok_or_else(broken)?
            }
        };
        // most nodes have one transition
        let state = tail.byte().ok_or_else(broken)?;
        if state & SINGLE == 0 {
            let (ends, low) = (state & ENDS != 0, usize::from(state & LOW));
            let node = match Node::many(tail, sound.first, ends, low) {
                Some(node) => node,
                // it begins in front of these bytes
                None => self.node(address)?,
            };
            return match node.find(input) {
                Some(place) => node.follow(place).map(Some).ok_or_else(broken),
                None => Ok(None),
            };
        }
        if single_input(state, &mut tail).ok_or_else(broken)? != input {
            return Ok(None);
        }
        let before = sound.first + tail.0.len();
        if state & NEXT != 0 {
            return before.checked_sub(1).map(|next| Some((next, 0))).ok_or_else(broken);
        }
        let node = Node::single(state, input, tail, sound.first).ok_or_else(broken)?;
        node.follow(0).map(Some).ok_or_else(broken)
    }

    /// The bytes around a node with one transition.
    fn sound(&self, address: usize) -> Result<Sound<'f>, FstError> {
        let (first, _) = self.span(address, MAX_SINGLE)?;
        let part = &self.file.keys;
        let (bytes, start) =
            self.file.around(part.start + first..part.start + address + 1, part)?;
        Ok(Sound { bytes, first: start - part.start })
    }

    fn ranked(&self, rank: u64, address: usize) -> Result<u64, FstError> {
        if rank < self.entries { Ok(rank) } else { Err(self.damaged(address)) }
    }

    /// Calls `visit` with every key and its rank, in their order, until it breaks.
    pub(super) fn each(&self, visit: Visit<'_>) -> Result<(), FstError> {
        if self.entries == 0 {
            return Ok(());
        }
        let mut found = 0;
        let mut key = Vec::new();
        let mut path = vec![Step::into(self.node(self.root)?, 0)];
        // a walk visits no node without coming to a key by it, or the file is forged
        let mut idle = 0;
        while let Some(step) = path.last_mut() {
            if let Some(output) = step.ends.take() {
                idle = 0;
                found += 1;
                let rank = self.ranked(step.rank.wrapping_add(output), 0)?;
                if visit(&key, rank)?.is_break() {
                    return Ok(());
                }
            }
            let Some(place) = step.left.checked_sub(1) else {
                path.pop();
                key.pop();
                continue;
            };
            step.left = place;
            let (node, rank) = (step.node, step.rank);
            let next = node.follow(place).zip(node.input(place));
            let ((address, output), input) = next.ok_or_else(|| self.damaged(node.before))?;
            idle += 1;
            if found >= self.entries || key.len() >= self.longest || idle > self.longest {
                return Err(self.damaged(address));
            }
            key.push(input);
            path.push(Step::into(self.node(address)?, rank.wrapping_add(output)));
        }
        if found == self.entries { Ok(()) } else { Err(self.damaged(0)) }
    }
}

/// A node on the way to a key.
struct Step<'f> {
    node: Node<'f>,
    rank: u64,
    /// The output of the key that ends here, until it is visited.
    ends: Option<u64>,
    /// Transitions that are still to be followed; the last of them comes first.
    left: usize,
}

impl<'f> Step<'f> {
    fn into(node: Node<'f>, rank: u64) -> Self {
        Self { ends: node.ends, left: node.count(), node, rank }
    }
}
