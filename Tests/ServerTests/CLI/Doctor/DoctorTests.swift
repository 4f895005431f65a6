import ArgumentParser
import Foundation
import Testing

@testable import Server

/// What `holdfast doctor` says of settings and kinds of file systems; the rest is tested with real directories.
struct DoctorTests {
    @Test(arguments: [
        ("/", "ext4", false, false), ("/data", "ext4", false, false), ("/mnt/lab", "nfs4", true, false),
        ("/mnt/lab/data", "nfs4", true, false), ("/mnt/laboratory", "ext4", false, false),
        ("/run/user", "tmpfs", false, true), ("/mnt/two words/data", "fuse.sshfs", true, false),
        ("/hidden/data", "xfs", false, false),
    ])
    func fileSystemsAreFoundByTheirMount(path: String, name: String, isShared: Bool, isMemory: Bool) throws {
        let mounts = """
            25 1 259:1 / / rw,noatime shared:1 - ext4 /dev/vda rw
            30 25 0:25 / /run rw - tmpfs tmpfs rw
            31 25 0:30 / /mnt/lab rw shared:3 master:1 - nfs4 host:/export rw
            32 25 0:31 / /mnt/two\\040words rw - fuse.sshfs host: rw
            33 25 0:32 / /hidden rw - nfs host:/old rw
            34 25 0:33 / /hidden rw - xfs /dev/vdb rw
            """
        let kind = try #require(FileSystemKind(of: path, mounts: mounts))
        #expect(kind.name == name)
        #expect(kind.isShared == isShared)
        #expect(kind.isMemory == isMemory)
    }

    @Test func everySettingOfTheServerIsKnown() throws {
        let help = ServeCommand.helpMessage(columns: 1000)
        let named = help.matches(of: /HOLDFAST_[A-Z_]+/).map { String($0.output) }
        #expect(Set(named) == Set(ServeOptions.variables))
        #expect(Set(ServeOptions.secretVariables).isSubset(of: ServeOptions.variables))
    }

    @Test func secretsAreNotShown() {
        let findings = SettingsCheck(
            environment: ["HOLDFAST_TOKEN": "open-sesame", "HOLDFAST_LABELS": "cat", "PATH": "/bin"]
        ).findings
        #expect(findings == [.ok("settings", "HOLDFAST_LABELS=cat HOLDFAST_TOKEN=(set)")])
    }

    @Test(arguments: [
        ("HOLDFAST_SPLIT_SEED", "x", Finding.Level.error), ("HOLDFAST_LABELS", "Cat", .error),
        ("HOLDFAST_LOGLEVEL", "info", .warn), ("HOLDFAST_SERVER", "127.0.0.1:7411", .ok),
    ])
    func settingsThatAreWrongAreNamed(name: String, value: String, level: Finding.Level) throws {
        let findings = SettingsCheck(environment: [name: value]).findings
        let worst = try #require(findings.max { $0.level < $1.level })
        #expect(worst.level == level)
        #expect(level == .ok || worst.message.contains(name == "HOLDFAST_LABELS" ? "Cat" : name))
    }

    @Test func theWorstFindingDecides() {
        #expect([Finding.Level.warn, .error, .ok].max() == .error)
        #expect([Finding.Level.ok, .warn].max()?.exitCode == 1)
    }

    @Test func remediesStandBelowTheirLine() {
        let finding = Finding.warn("disk", "little is free", remedy: "make room")
        #expect(finding.text == "warn   disk          little is free\n                     → make room")
    }
}
