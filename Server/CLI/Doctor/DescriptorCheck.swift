import Foundation

/// How many files and connections a server may have open.
struct DescriptorCheck {
    /// 256 array files with two descriptors each, the database's connections, and some thousand clients.
    static let enough = 4096

    let holder: Holder

    var finding: Finding {
        let (limit, whose) =
            ofServer.map { ($0, "the server") } ?? (DescriptorLimit.attainable, "a server started here")
        let message = "\(whose) may have \(limit == .max ? "any number of" : "\(limit)") files open"
        guard limit < Self.enough else { return .ok("descriptors", message) }
        return .warn(
            "descriptors",
            "\(message), connections included",
            remedy: "raise the hard limit: ulimit -Hn 65536, or LimitNOFILE=65536 in systemd's unit"
        )
    }

    private var ofServer: Int? {
        guard let process = holder.process,
            let limits = try? String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8),
            let line = limits.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
        else { return nil }
        let soft = line.dropFirst("Max open files".count).split(separator: " ").first
        return soft.flatMap { $0 == "unlimited" ? .max : Int($0) }
    }
}
