/// What kind of file system a path is on.
struct FileSystemKind: Equatable {
    /// As mount(8) has it: `ext4`, `nfs4`.
    let name: String

    /// Whether other machines can change it too, or another program answers for it: locks and syncs are then only as good as
    /// its protocol's.
    var isShared: Bool { Self.shared.contains(name) || name.hasPrefix("fuse.") }
    /// Whether it ends with the machine's power.
    var isMemory: Bool { ["tmpfs", "ramfs"].contains(name) }

    private static let shared: Set = [
        "9p", "afs", "ceph", "cifs", "fuse", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
        "smb3",
        "smbfs", "vboxsf", "virtiofs",
    ]

    /// - Parameters:
    ///   - path: Without symbolic links.
    ///   - mounts: What /proc/self/mountinfo holds, as in proc_pid_mountinfo(5).
    init?(of path: String, mounts: String) {
        var longest: (point: String, name: String)?
        for line in mounts.split(separator: "\n") {
            // 36 35 98:0 /root /mount/point options optional… - type source options
            let words = line.split(separator: " ")
            guard words.count > 6, let dash = words.firstIndex(of: "-"), dash + 1 < words.endIndex else { continue }
            let point = Self.unescaped(words[4])
            let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
            // Of two at one place the later hides the earlier.
            if isAbove, point.utf8.count >= longest?.point.utf8.count ?? 0 {
                longest = (point, String(words[dash + 1]))
            }
        }
        guard let longest else { return nil }
        name = longest.name
    }

    private static func unescaped(_ text: Substring) -> String {
        [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")].reduce(String(text)) {
            $0.replacing($1.0, with: $1.1)
        }
    }
}
