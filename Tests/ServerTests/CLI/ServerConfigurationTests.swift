import Logging
import Testing

@testable import Server

struct ServerConfigurationTests {
    private static let endpoint = Endpoint(host: "127.0.0.1", port: 0)

    private var configuration: ServerConfiguration {
        ServerConfiguration(
            data: "",
            tcp: Self.endpoint,
            http: Self.endpoint,
            durability: .full,
            allowedHosts: [],
            logLevel: .info
        )
    }

    private static let stored = LabelSettings(
        labels: [.init(name: "cat", shortName: "c")],
        holdoutPercent: 5,
        validationPercent: 15,
        seed: 7,
        splitBy: .study
    )

    @Test func withoutFlagsADatabaseKeepsItsSettings() throws {
        #expect(try configuration.labelSettings(stored: Self.stored) == Self.stored)
    }

    @Test func aNewDatabaseGetsWhatIsGivenAndTheStandardForTheRest() throws {
        var given = configuration
        given.holdoutPercent = 30
        given.splitBy = .study
        var expected = LabelSettings.standard
        expected.holdoutPercent = 30
        expected.splitBy = .study
        #expect(try given.labelSettings(stored: nil) == expected)
    }

    @Test func sayingTheSameAgainIsAllowed() throws {
        var given = configuration
        given.labels = Self.stored.labels
        given.holdoutPercent = 5
        given.validationPercent = 15
        given.splitSeed = 7
        given.splitBy = .study
        #expect(try given.labelSettings(stored: Self.stored) == Self.stored)
    }

    private static let changes: [(flag: String, change: @Sendable (inout ServerConfiguration) -> Void)] = [
        ("--labels", { $0.labels = [.init(name: "cat", shortName: "cat")] }),
        ("--holdout-percent", { $0.holdoutPercent = 6 }),
        ("--validation-percent", { $0.validationPercent = 20 }),
        ("--split-seed", { $0.splitSeed = 42 }),
        ("--split-by", { $0.splitBy = .filename }),
    ]

    @Test(arguments: 0..<5)
    func whatDiffersFromTheDatabaseIsRefusedByName(index: Int) {
        var given = configuration
        Self.changes[index].change(&given)
        let error = #expect(throws: SettingsError.self) { try given.labelSettings(stored: Self.stored) }
        #expect(error?.description.contains(Self.changes[index].flag) == true)
    }
}
