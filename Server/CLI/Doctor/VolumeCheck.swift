import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// The file system that the data are on: its kind, and the room on it.
struct VolumeCheck {
    /// Below it writes will soon be refused.
    static let littleBytes = 2 << 30
    /// Below it SQLite and the array files can't take a large write.
    static let tooFewBytes = 64 << 20
    private static let fewFiles = 1000

    let path: String

    var findings: [Finding] { [kind, room, files, flags].compactMap(\.self) }

    private var kind: Finding? {
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8),
            let kind = FileSystemKind(of: real, mounts: mounts)
        else { return nil }
        if kind.isShared {
            return .warn(
                "file system",
                "\(kind.name): SQLite's locks and syncs may not hold there",
                remedy: "keep the data on a disk of this machine, and copy backups there"
            )
        }
        if kind.isMemory {
            return .warn(
                "file system",
                "\(kind.name): everything is gone when the machine is switched off",
                remedy: "keep the data on a disk"
            )
        }
        return .ok("file system", kind.name)
    }

    private var volume: statvfs? {
        var status = statvfs()
        return unsafe statvfs(path, &status) == 0 ? status : nil
    }

    private var room: Finding? {
        guard let volume else { return nil }
        let free = Int(volume.f_bavail) * Int(volume.f_frsize)
        let message = "\(Human.bytes(free)) free of \(Human.bytes(Int(volume.f_blocks) * Int(volume.f_frsize)))"
        let remedy = "make room: \"holdfast prune\", \"holdfast seal\", \"holdfast gc\", or old backups elsewhere"
        if free < Self.tooFewBytes { return .error("disk", "\(message): writes are refused", remedy: remedy) }
        if free < Self.littleBytes { return .warn("disk", message, remedy: remedy) }
        return .ok("disk", message)
    }

    private var files: Finding? {
        // Some file systems make inodes as they need them, and tell of none.
        guard let volume, volume.f_files > 0 else { return nil }
        let message = "\(Human.count(Int(volume.f_favail))) more files possible"
        guard volume.f_favail < Self.fewFiles else { return .ok("inodes", message) }
        return .error("inodes", message, remedy: "remove files that nobody needs from this file system")
    }

    private var flags: Finding? {
        guard let volume, volume.f_flag & UInt(ST_RDONLY) != 0 else { return nil }
        return .error(
            "file system",
            "it is mounted read-only: every write is refused",
            remedy: "look into \"dmesg\" for errors of the disk, then mount -o remount,rw"
        )
    }
}
