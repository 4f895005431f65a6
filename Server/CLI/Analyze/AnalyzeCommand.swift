import ArgumentParser
import Foundation

/// `holdfast analyze`
struct AnalyzeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze",
        abstract: "Report on the metrics of a database: resources, generation, training.",
        discussion: """
            Only reads, and makes nothing beside the database: a copy of the server's file, in a read-only folder too, or \
            the file itself while a server is using it.

            Exit codes: 0 done, 2 usage, 4 database damaged, 1 anything else.
            """
    )

    @Argument(help: "The database file, or the folder with its telemetry.sqlite.")
    var database: String
    @Option(help: "Only this run. (default: all, in detail the newest \(AnalysisReport.mostRuns))")
    var run: String?
    @Option(help: "A PNG to draw the run into; of several the newest. Needs gnuplot.")
    var plot: String?

    func run() async throws {
        let source = try MetricsDatabase(database)
        let gnuplot = try plot.map { path in
            try source.refuse(output: path)
            guard path.lowercased().hasSuffix(".png") else {
                throw CommandFailure(code: CommandFailure.usage, message: "--plot \(path) becomes a PNG; name it .png")
            }
            try OutputFile.check(path)
            return try Gnuplot()
        }
        try source.read { connection, relations in
            let runs = try RunList(connection, relations)
            let chosen = try run.map { [try runs.named($0, in: database)] }
            let report = AnalysisReport(source: source, runs: runs, relations: relations)
            print(report.header(chosen: chosen?.first))
            for run in chosen ?? report.detailed { print(try report.detail(run, connection)) }
            guard let plot, let gnuplot else { return }
            let drawn = try chosen?.first ?? runs.newestToPlot(in: database)
            let figure = try FigureReader(run: drawn, relations: relations, connection: connection).figure()
            try gnuplot.draw(GnuplotScript(figure).text, to: plot)
            print(
                "\nThe plot of run \(drawn.name)\(runs.all.count > 1 && run == nil ? ", the newest," : "") is \(plot)"
            )
        }
    }
}
