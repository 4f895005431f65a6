import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// Who owns a data directory and what is in it, and what they may do there.
struct PermissionCheck {
    private struct Place {
        let path: String
        let isFolder: Bool
        let mode: Int
        let owner: String
    }

    /// So many places of one kind are named; the rest is counted.
    private static let mostNamed = 3

    let folder: DataFolder

    var findings: [Finding] {
        let places = ([folder.path] + contents).compactMap(Self.place)
        guard let root = places.first else {
            return [.error("permissions", "\(folder.path) can't be looked at", remedy: "run this as the server's user")]
        }
        let faults = [
            fault(
                places.filter { !mayUse($0) },
                .error,
                "can't be read and written by this user",
                "run this, and the server, as \(root.owner); or chown -R \(root.owner) \(folder.path), and chmod -R u+rwX"
            ),
            fault(
                places.filter { $0.mode & ($0.isFolder ? 0o700 : 0o600) != ($0.isFolder ? 0o700 : 0o600) },
                .error,
                "lack permissions of their owner",
                "chmod -R u+rwX \(folder.path)"
            ),
            fault(
                places.filter { $0.owner != root.owner },
                .warn,
                "belong to another user than the directory, \(root.owner)",
                "chown -R \(root.owner) \(folder.path)"
            ),
            fault(
                places.filter { $0.mode & 0o002 != 0 },
                .warn,
                "can be changed by every user of the machine",
                "chmod -R o-w \(folder.path)"
            ),
        ].compactMap(\.self)
        let summary = Finding.ok("permissions", "\(folder.path) belongs to \(root.owner), mode \(octal(root.mode))")
        return faults.isEmpty ? [summary] : faults
    }

    private var contents: [String] {
        let folders = [folder.telemetry, folder.arrays]
        return [folder.lock] + folders
            + folders.flatMap { path in
                (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted().map { "\(path)/\($0)" } ?? []
            }
    }

    private static func place(_ path: String) -> Place? {
        // A symbolic link's own mode says nothing: everybody may do everything with it.
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: real) else { return nil }
        let number = (attributes[.ownerAccountID] as? NSNumber)?.intValue ?? -1
        return Place(
            path: path,
            isFolder: attributes[.type] as? FileAttributeType == .typeDirectory,
            mode: (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0,
            owner: attributes[.ownerAccountName] as? String ?? "\(number)"
        )
    }

    private func mayUse(_ place: Place) -> Bool {
        unsafe access(place.path, place.isFolder ? R_OK | W_OK | X_OK : R_OK | W_OK) == 0 || errno == EROFS
    }

    private func fault(_ places: [Place], _ level: Finding.Level, _ what: String, _ remedy: String) -> Finding? {
        guard !places.isEmpty else { return nil }
        let named = places.prefix(Self.mostNamed).map(\.path).joined(separator: ", ")
        let rest = places.count > Self.mostNamed ? " and \(places.count - Self.mostNamed) more" : ""
        return Finding(level: level, subject: "permissions", message: "\(named)\(rest) \(what)", remedy: remedy)
    }

    private func octal(_ mode: Int) -> String { String(mode & 0o7777, radix: 8) }
}
