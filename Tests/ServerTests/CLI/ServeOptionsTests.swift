import ArgumentParser
import Foundation
import Logging
import Testing

@testable import Server

struct ServeOptionsTests {
    private func configuration(
        _ flags: [String] = [],
        _ environment: [String: String] = [:]
    ) throws
        -> ServerConfiguration
    {
        try ServeOptions.parse(flags).configuration(environment: environment)
    }

    private func failure(_ flags: [String], _ environment: [String: String] = [:]) -> CommandFailure? {
        #expect(throws: CommandFailure.self) { try configuration(flags, environment) }
    }

    @Test func theDefaultsAreThoseOfTheManual() throws {
        let standard = try configuration()
        #expect(standard.tcp == Endpoint(host: "127.0.0.1", port: 7411))
        #expect(standard.http == Endpoint(host: "127.0.0.1", port: 7412))
        #expect(standard.durability == .full)
        #expect(standard.token == nil)
        #expect(standard.allowedHosts == [])
        #expect(standard.logLevel == .info)
        #expect(try standard.labelSettings(stored: nil) == .standard)
    }

    @Test func aFlagGoesBeforeTheEnvironmentAndThatBeforeTheDefault() throws {
        let web = try TemporaryDirectory()
        try Data().write(to: URL(fileURLWithPath: web.file("index.html")))
        let environment = [
            "HOLDFAST_DATA": "/env", "HOLDFAST_TCP": "127.0.0.1:1", "HOLDFAST_DURABILITY": "process",
            "HOLDFAST_LOG_LEVEL": "debug", "HOLDFAST_SPLIT_SEED": "7", "HOLDFAST_SPLIT_BY": "study",
            "HOLDFAST_LABELS": "cat", "HOLDFAST_HOLDOUT_PERCENT": "5", "HOLDFAST_VALIDATION_PERCENT": "50",
            "HOLDFAST_WEB": web.path,
        ]
        let fromEnvironment = try configuration([], environment)
        #expect(fromEnvironment.data == "/env")
        #expect(fromEnvironment.tcp.port == 1)
        #expect(fromEnvironment.durability == .process)
        #expect(fromEnvironment.logLevel == .debug)
        #expect(fromEnvironment.webFolder == web.path)
        let settings = try fromEnvironment.labelSettings(stored: nil)
        #expect(settings.seed == 7)
        #expect(settings.splitBy == .study)
        #expect(settings.labels == [.init(name: "cat", shortName: "cat")])
        #expect(settings.holdoutPercent == 5)
        #expect(settings.validationPercent == 50)
        let fromFlags = try configuration(
            [
                "--data", "/flag", "--tcp", "[::1]:2", "--durability", "full", "--log-level", "error", "--split-seed",
                "8",
                "--split-by", "filename", "--labels", "dog:d", "--holdout-percent", "6",
            ],
            environment
        )
        #expect(fromFlags.data == "/flag")
        #expect(fromFlags.tcp == Endpoint(host: "::1", port: 2))
        #expect(fromFlags.durability == .full)
        #expect(fromFlags.logLevel == .error)
        #expect(fromFlags.splitSeed == 8)
        #expect(fromFlags.splitBy == .filename)
        #expect(fromFlags.labels == [.init(name: "dog", shortName: "d")])
        #expect(fromFlags.holdoutPercent == 6)
    }

    @Test func aNegativeNumberIsAValueAndNoFlag() throws {
        #expect(try configuration(["--split-seed", "-5"]).splitSeed == -5)
    }

    @Test func wordsOfAVariableThatAreNoneOfAFewAreAnsweredWithThem() {
        #expect(failure([], ["HOLDFAST_DURABILITY": "some"])?.message.hasSuffix("give one of: full, process") == true)
        #expect(failure([], ["HOLDFAST_SPLIT_SEED": "x"])?.message.hasSuffix("give a whole number") == true)
        #expect(failure([], ["HOLDFAST_SLOW_REQUEST": "x"])?.message.hasSuffix("give a number") == true)
    }

    @Test func anEmptyVariableIsNone() throws {
        #expect(try configuration([], ["HOLDFAST_TCP": "", "HOLDFAST_TOKEN": ""]).tcp.port == 7411)
    }

    @Test func allowedHostsAddUp() throws {
        let configuration = try configuration(
            ["--allowed-host", "a", "--allowed-host", "b"],
            ["HOLDFAST_ALLOWED_HOST": "c,d"]
        )
        #expect(configuration.allowedHosts == ["a", "b", "c", "d"])
    }

    /// Values that can't be, for every setting that has such; the flag's, where it takes them, and the variable's.
    private static let wrong: [(name: String, values: [String])] = [
        ("TCP", ["7411", "host", "host:port", "host:65536", "::1:7411", ":7411"]), ("HTTP", ["7412", "host:-1"]),
        ("DURABILITY", ["some", "FULL"]), ("TOKEN_FILE", ["/nowhere/token"]),
        ("HOLDOUT_TOKEN_FILE", ["/nowhere/token"]), ("HOLDOUT_LOOKS", ["-1", "x", "1.5"]),
        ("ALLOWED_HOST", ["https://lab.example", "lab.example:7412", "lab.example/x", "a b"]), ("WEB", ["/nowhere"]),
        ("LABELS", ["Cat", "cat,cat", "cat:", "cat:a,dog:a", "1st"]),
        ("HOLDOUT_PERCENT", ["ten", "-1", "100.1", "nan", "inf"]),
        ("VALIDATION_PERCENT", ["ten", "-1", "100.1", "nan", "inf"]),
        ("SPLIT_SEED", ["x", "1.5", "9223372036854775808"]),
        ("SPLIT_BY", ["patient"]), ("SCHEMA_KEYS", ["subject", "subject:text", "subject:integer:x"]),
        ("SHUTDOWN_DEADLINE", ["0", "-1", "soon", "nan", "inf", "3601"]),
        ("SLOW_REQUEST", ["-1", "long", "nan", "3601"]),
        ("LOG_FORMAT", ["xml"]), ("LOG_LEVEL", ["loud"]),
    ]

    @Test(arguments: wrong)
    func whatCanNotBeIsRefusedByItsName(name: String, values: [String]) throws {
        let flag = "--" + name.lowercased().replacing("_", with: "-")
        for value in values {
            let named = try #require(failure([], ["HOLDFAST_\(name)": value]), "\(name)=\(value)")
            #expect(named.code == CommandFailure.usage)
            #expect(named.message.hasPrefix("HOLDFAST_\(name)=\(value)"), "\(named.message)")
            guard let options = try? ServeOptions.parse([flag, value]) else { continue }
            let refused = try #require(throws: CommandFailure.self) { try options.configuration(environment: [:]) }
            #expect(refused.code == CommandFailure.usage)
            #expect(refused.message.hasPrefix("\(flag) \(Self.spelled(value))"), "\(refused.message)")
        }
    }

    /// A number as it is shown once it was read.
    private static func spelled(_ value: String) -> String {
        Int(value) == nil && Double(value) != nil ? "\(Double(value) ?? 0)" : value
    }

    @Test func everySettingThatCanBeWrongIsTested() {
        // Any text is a path to data, and a token; what the data directory can't be shows when it is opened. A switch and
        // the files of a certificate have tests of their own.
        let free = ["DATA", "TOKEN", "HOLDOUT_TOKEN", "INSECURE", "TLS_CERT", "TLS_KEY"]
        let tested = Self.wrong.map(\.name) + free
        #expect(Set(tested.map { "HOLDFAST_\($0)" }) == Set(ServeOptions.variables))
    }

    @Test(arguments: ["maybe", "2", "on"])
    func aSwitchIsOneOrZero(value: String) {
        #expect(failure([], ["HOLDFAST_INSECURE": value])?.message.hasPrefix("HOLDFAST_INSECURE=\(value)") == true)
    }

    /// Each of these would open something that whoever set it did not mean to open.
    @Test func settingsThatOpenMoreThanIsMeantAreRefused() throws {
        for blank in [" ", "\n"] {
            #expect(failure([], ["HOLDFAST_TOKEN": blank])?.message.contains("HOLDFAST_TOKEN: it is blank") == true)
        }
        let both = ["HOLDFAST_TOKEN": "one", "HOLDFAST_HOLDOUT_TOKEN": "one\n"]
        #expect(failure([], both)?.message.contains("the same") == true)
        #expect(failure(["--allowed-host", "*"])?.message.contains("--allowed-host *") == true)
        #expect(failure(["--data", ""])?.message.contains("it is empty") == true)
    }

    @Test func aTokenOfAVariableIsTrimmedLikeThatOfAFile() throws {
        #expect(try configuration([], ["HOLDFAST_TOKEN": "secret\n"]).token == "secret")
    }

    @Test func theDoorsCanNotHaveOneAddress() throws {
        let refused = failure(["--tcp", "127.0.0.1:7412"])
        #expect(refused?.code == CommandFailure.usage)
        #expect(refused?.message.contains("127.0.0.1:7412") == true)
        #expect(try configuration(["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"]).tcp.port == 0)
    }

    @Test func misspeltVariablesAreFound() {
        let environment = ["HOLDFAST_LOGLEVEL": "info", "HOLDFAST_SPOOL": "/tmp", "HOLDFAST_TCP": "x", "PATH": ""]
        #expect(ServeOptions.unknownVariables(in: environment) == ["HOLDFAST_LOGLEVEL"])
    }

    @Test(arguments: [
        ["--durability", "some"], ["--split-seed", "x"], ["--split-by", "patient"], ["--unknown"],
        ["--data"], ["stray"],
    ])
    func aBadFlagIsRefused(flags: [String]) {
        #expect(throws: (any Error).self) { try ServeOptions.parse(flags) }
    }

    // MARK: The token

    @Test(arguments: [
        ["--tcp", "0.0.0.0:0"], ["--http", "0.0.0.0:0"], ["--http", "[::]:0"], ["--tcp", "lab.example:0"],
    ])
    func aDoorToOtherMachinesNeedsAToken(flags: [String]) throws {
        let failure = failure(flags)
        #expect(failure?.code == CommandFailure.usage)
        #expect(failure?.message.contains(flags[1]) == true)
        #expect(try configuration(flags, ["HOLDFAST_TOKEN": "secret"]).token == "secret")
        #expect(try configuration(flags + ["--insecure"]).token == nil)
        for value in ["1", "true", "yes"] {
            #expect(try configuration(flags, ["HOLDFAST_INSECURE": value]).token == nil)
        }
        #expect(self.failure(flags, ["HOLDFAST_INSECURE": "0"]) != nil)
    }

    @Test func theTokenFileGoesBeforeTheVariable() throws {
        let folder = try TemporaryDirectory()
        try folder.write("  from file\n", to: "token")
        let environment = ["HOLDFAST_TOKEN": "from variable"]
        #expect(try configuration(["--token-file", folder.file("token")], environment).token == "from file")
        #expect(try configuration([], environment).token == "from variable")
        #expect(try configuration([], ["HOLDFAST_TOKEN_FILE": folder.file("token")]).token == "from file")
    }

    @Test func aTokenFileThatGivesNoTokenIsNamed() throws {
        let folder = try TemporaryDirectory()
        try folder.write(" \n", to: "empty")
        for name in ["empty", "missing"] {
            let failure = failure(["--token-file", folder.file(name)])
            #expect(failure?.code == CommandFailure.usage)
            #expect(failure?.message.contains(folder.file(name)) == true)
        }
    }

    // MARK: TLS

    @Test func aCertificateNeedsItsKeyAndTheReverse() {
        for (flag, missing) in [("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")] {
            let refused = failure([flag, "file"])
            #expect(refused?.code == CommandFailure.usage)
            #expect(refused?.message.hasPrefix("\(flag) file: ") == true)
            #expect(refused?.message.contains("name it with \(missing) or ") == true)
        }
    }

    @Test func tlsComesFromFlagsOrTheEnvironment() throws {
        #expect(try configuration().tls == nil)
        let folder = try TemporaryDirectory()
        let (certificate, key) = (folder.file("server.pem"), folder.file("server.key"))
        try OpenSSL.makeCertificate(certificate, key: key)
        #expect(try configuration(["--tls-cert", certificate, "--tls-key", key]).tls != nil)
        #expect(try configuration([], ["HOLDFAST_TLS_CERT": certificate, "HOLDFAST_TLS_KEY": key]).tls != nil)
    }

    @Test func tlsAloneLetsNobodyInWithoutAToken() throws {
        let folder = try TemporaryDirectory()
        let (certificate, key) = (folder.file("server.pem"), folder.file("server.key"))
        try OpenSSL.makeCertificate(certificate, key: key)
        let flags = ["--tcp", "0.0.0.0:0", "--tls-cert", certificate, "--tls-key", key]
        #expect(failure(flags)?.code == CommandFailure.usage)
    }

    @Test func aWebFolderWithoutAPageIsAUsageError() throws {
        let failure = #expect(throws: CommandFailure.self) { try configuration(["--web", "/nowhere"]) }
        #expect(failure?.code == CommandFailure.usage)
        #expect(failure?.message.contains("/nowhere") == true)
    }

    @Test func aHoldoutTokenAndABudgetOfLooksAreSettings() throws {
        let made = try configuration(["--holdout-looks", "3"], ["HOLDFAST_HOLDOUT_TOKEN": "vault"])
        #expect(made.holdoutLooks == 3)
        #expect(made.holdoutToken == "vault")
        #expect(throws: CommandFailure.self) { try configuration(["--holdout-looks=-1"]) }
    }
}
