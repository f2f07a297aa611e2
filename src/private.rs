//! Folders and files that only their owner can read, as far as the system knows owners.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Creates a folder and those above it. One that is there already stays as it is.
///
/// # Errors
/// It cannot be created.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Options that create a file, if it is not there, for its owner only.
pub(crate) fn file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a file with this text.
///
/// # Errors
/// It exists already, or cannot be written.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    file_options().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Writes a file, in one step in place of an older one: whoever reads it, also after a crash, finds the old text or the
/// new one. A symbolic link is replaced itself.
///
/// # Errors
/// It cannot be written, for example because its folder does not exist. The older file is then unchanged.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A process that writes the same file at this moment has a draft of its own.
    let draft = path.with_extension(format!("{:08x}", fastrand::u32(..)));
    write_new(&draft, text).and_then(|()| fs::rename(&draft, path)).inspect_err(|_| _ = fs::remove_file(&draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_only_its_owner_can_read_it() {
        let folder = std::env::temp_dir().join(format!("switchover-private-{}", std::process::id()));
        let file = folder.join("below").join("a.toml");
        assert!(replace(&file, "x").is_err(), "there is no folder");
        create_folder(&folder.join("below")).unwrap();
        replace(&file, "old").unwrap();
        replace(&file, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.join("below")).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
        }
        // A folder in the file's place: the draft goes.
        fs::create_dir(folder.join("b.toml")).unwrap();
        assert!(replace(&folder.join("b.toml"), "x").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(folder).unwrap();
    }
}
