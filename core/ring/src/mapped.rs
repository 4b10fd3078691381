//! A file of 64-bit words that several processes see at once: counters, read from outside.

#![expect(
    unsafe_code,
    reason = "maps files into memory; each block states the proof"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{Mmap, MmapMut};

/// Bytes of one word.
const WORD: usize = size_of::<u64>();

/// Why a file of words could not be made or opened.
///
/// # Examples
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("torn");
/// std::fs::write(&path, [0; 9])?;
/// let refused = dcx_ring::MappedView::open(&path).unwrap_err();
/// assert!(refused.to_string().ends_with("9 bytes are not a whole number of 8-byte words"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
pub enum MappedError {
    /// A file of no words cannot be mapped.
    #[error("mapping {}: it has no words", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is not made of words; it was cut, or is something else.
    #[error("mapping {}: {len} bytes are not a whole number of 8-byte words", path.display())]
    NotWords {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        len: u64,
    },
    /// The operating system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
}

/// A file of 64-bit words, mapped to be written by this process and read by any.
///
/// All words begin as zero. The file is made under another name and then renamed, so nobody
/// ever sees it short, and a file that others still have mapped is replaced, not cut: they
/// keep the old one until they open it again.
///
/// **Never truncate a mapped file.** Touching a page behind its end kills the process that does
/// (SIGBUS); no program can rule that out for files others may write, so keep it in a folder
/// of dcx's own.
///
/// # Layout
/// `words × 8` bytes in the machine's own byte order: for processes of one machine only.
///
/// # Examples
/// ```
/// use std::sync::atomic::Ordering;
///
/// use dcx_ring::{MappedView, MappedWords};
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("counters");
/// let counters = MappedWords::create(&path, 16)?;
/// counters.words()[3].store(42, Ordering::Relaxed);
///
/// let seen_by_others = MappedView::open(&path)?;
/// assert_eq!(seen_by_others.load(3), Some(42));
/// assert_eq!(seen_by_others.load(16), None, "there are only 16");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MappedWords {
    map: MmapMut,
}

impl MappedWords {
    /// Makes the file at `path` with `words` words, all zero, replacing one that is there.
    ///
    /// # Errors
    /// [`MappedError::Empty`] for no words, [`MappedError::Io`] if the system refuses.
    pub fn create(path: &Path, words: usize) -> Result<Self, MappedError> {
        if words == 0 {
            return Err(MappedError::Empty {
                path: path.to_owned(),
            });
        }
        let new = new_name(path);
        let made = write_zeros(&new, words).and_then(|file| map_to_write(&new, &file));
        let renamed = made.and_then(|map| {
            fs::rename(&new, path).map_err(io_error("renaming to", path))?;
            Ok(Self { map })
        });
        if renamed.is_err() {
            // Best effort: the first error is the one that matters.
            drop(fs::remove_file(&new));
        }
        renamed
    }

    /// Returns the words.
    ///
    /// # Cost
    /// A store is one to ordinary memory; the system writes pages back by itself.
    #[inline]
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: a mapping begins on a page, so it is aligned, and `create` made it a whole
        // number of words, all bit patterns of which are valid. The bytes are reached through
        // these atomics only, here and in `MappedView`, and live as long as `self`. Test:
        // `words_written_are_seen_through_the_file`.
        unsafe {
            std::slice::from_raw_parts(self.map.as_ptr().cast::<AtomicU64>(), self.map.len() / WORD)
        }
    }
}

/// A file of 64-bit words that another process writes, mapped to be read.
///
/// See [`MappedWords`], which also says why such a file must never be truncated.
///
/// # Examples
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("counters");
/// # let daemon = dcx_ring::MappedWords::create(&path, 2)?;
/// let counters = dcx_ring::MappedView::open(&path)?;
/// assert_eq!(counters.len(), 2);
/// assert_eq!(counters.iter().collect::<Vec<_>>(), [0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MappedView {
    map: Mmap,
}

impl MappedView {
    /// Maps the file at `path` to be read.
    ///
    /// # Errors
    /// [`MappedError::Empty`] or [`MappedError::NotWords`] if it cannot be a file of words,
    /// [`MappedError::Io`] if the system refuses.
    pub fn open(path: &Path) -> Result<Self, MappedError> {
        let file = File::open(path).map_err(io_error("opening", path))?;
        let len = file
            .metadata()
            .map_err(io_error("reading the length of", path))?
            .len();
        if len == 0 {
            return Err(MappedError::Empty {
                path: path.to_owned(),
            });
        }
        if len % WORD as u64 != 0 {
            return Err(MappedError::NotWords {
                path: path.to_owned(),
                len,
            });
        }
        // SAFETY: a mapping is sound while nobody truncates the file; that is the documented
        // rule of `MappedWords`, kept by `create`, which replaces files and never cuts them.
        // Bytes that others change meanwhile are read as atomics only. Test:
        // `a_replaced_file_leaves_its_readers_alone`.
        let map = unsafe { Mmap::map(&file) }.map_err(io_error("mapping", path))?;
        Ok(Self { map })
    }

    /// Returns the word at index `ix` as it is now, `None` behind the end.
    #[inline]
    #[must_use]
    pub fn load(&self, ix: usize) -> Option<u64> {
        self.words()
            .get(ix)
            .map(|word| word.load(Ordering::Acquire))
    }

    /// Returns the words one after the other, each as it is when reached.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.words().iter().map(|word| word.load(Ordering::Acquire))
    }

    /// Returns the number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len() / WORD
    }

    /// Whether there are no words; never so, a file of none is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Private, as a store through it would be to read-only memory.
    fn words(&self) -> &[AtomicU64] {
        // SAFETY: a mapping begins on a page, so it is aligned, and `open` checked that it is a
        // whole number of words. Only loads go through these atomics, which read-only memory
        // allows (std::sync::atomic, "Atomic accesses to read-only memory"). Test:
        // `words_written_are_seen_through_the_file`.
        unsafe { std::slice::from_raw_parts(self.map.as_ptr().cast::<AtomicU64>(), self.len()) }
    }
}

/// Returns a name beside `path` that no other process uses.
fn new_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", process::id()));
    PathBuf::from(name)
}

/// Makes the file with its bytes really written: a hole filled by a later store through the
/// mapping would kill us (SIGBUS) when the disk is full, a write here is a plain error.
fn write_zeros(path: &Path, words: usize) -> Result<File, MappedError> {
    let mut options = OpenOptions::new();
    let opened = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path);
    let mut file = opened.map_err(io_error("creating", path))?;
    let mut zeros = io::repeat(0).take(words as u64 * WORD as u64);
    io::copy(&mut zeros, &mut file).map_err(io_error("filling", path))?;
    Ok(file)
}

fn map_to_write(path: &Path, file: &File) -> Result<MmapMut, MappedError> {
    // SAFETY: as in `MappedView::open`. The file was made by us just now under a name that
    // carries our process id, so nobody else can have cut it. Test:
    // `a_replaced_file_leaves_its_readers_alone`.
    unsafe { MmapMut::map_mut(file) }.map_err(io_error("mapping", path))
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MappedError {
    move |source| MappedError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_written_are_seen_through_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        let written = MappedWords::create(&path, 3).unwrap();
        let seen = MappedView::open(&path).unwrap();
        assert_eq!(seen.iter().collect::<Vec<_>>(), [0, 0, 0]);

        written.words()[2].store(u64::MAX, Ordering::Release);
        assert_eq!(seen.load(2), Some(u64::MAX));
        assert_eq!(seen.load(3), None);
        assert_eq!(fs::read(&path).unwrap().len(), 24);
    }

    #[test]
    fn a_file_that_is_not_made_of_words_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        fs::write(&path, []).unwrap();
        assert!(matches!(
            MappedView::open(&path),
            Err(MappedError::Empty { .. })
        ));
        fs::write(&path, [0; 7]).unwrap();
        assert!(matches!(
            MappedView::open(&path),
            Err(MappedError::NotWords { len: 7, .. })
        ));
        fs::remove_file(&path).unwrap();
        assert!(matches!(
            MappedView::open(&path),
            Err(MappedError::Io {
                doing: "opening",
                ..
            })
        ));
    }

    #[test]
    fn no_words_cannot_be_made() {
        let refused = MappedWords::create(Path::new("never-made"), 0);
        assert!(matches!(refused, Err(MappedError::Empty { .. })));
    }

    #[test]
    fn a_replaced_file_leaves_its_readers_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words");
        let first = MappedWords::create(&path, 1024).unwrap();
        let old_reader = MappedView::open(&path).unwrap();
        first.words()[1023].store(1, Ordering::Release);

        let second = MappedWords::create(&path, 1).unwrap();
        second.words()[0].store(2, Ordering::Release);
        assert_eq!(
            old_reader.load(1023),
            Some(1),
            "the old file lives on for its reader"
        );
        assert_eq!(
            MappedView::open(&path).unwrap().iter().collect::<Vec<_>>(),
            [2]
        );
    }

    #[test]
    fn nothing_is_left_behind_when_the_file_cannot_be_put_in_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        let refused = MappedWords::create(&path, 4);
        assert!(matches!(
            refused,
            Err(MappedError::Io {
                doing: "renaming to",
                ..
            })
        ));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "only the folder itself"
        );
    }
}
