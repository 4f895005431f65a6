import Hummingbird
import Wire

extension Replay {
    /// `GET /frames/{run_id}/{dataset}/{index}.png?size=N`, and the frames of episodes.
    func addRoutes(to group: RouterGroup<DoorContext>, _ pictures: PictureResponse) {
        EpisodeFrames(replay: self).add(to: group)
        group.get("/frames/:run/:dataset/:file") { request, context in
            let index = try PictureResponse.index(context.parameters.require("file"))
            let runID = try context.parameters.require("run")
            let dataset = try context.parameters.require("dataset")
            let ref = try FrameRef("h5://\(runID)/\(dataset)/\(index)")
            // Rows that are written but not committed may still change, and pictures are cached for ever.
            let committed = try await catalog.read { [access = context.access] connection in
                try checkVault([ref], access, connection)
                return try RunStore.committedRows(runID, connection)[dataset]
            }
            guard let committed, ref.index < committed else {
                throw WireError.notFound("\(ref) has no array behind it")
            }
            return try await pictures.respond(ref, request)
        }
    }
}
