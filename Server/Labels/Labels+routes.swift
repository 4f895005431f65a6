import Hummingbird
import Wire

extension Labels {
    /// `GET /thumbnails/{image_id}.png?size=N`
    func addRoutes(to group: RouterGroup<DoorContext>, _ pictures: PictureResponse) {
        let catalog = catalog
        group.get("/thumbnails/:file") { request, context in
            let id = try PictureResponse.index(context.parameters.require("file"))
            let ref = try await catalog.read { connection in
                try connection.first("SELECT frame_ref FROM labels WHERE id = ?", id) { $0.optionalString(0) }
            }
            guard let text = ref ?? nil else { throw WireError.notFound("image \(id) does not exist or has no pixels") }
            return try await pictures.respond(try FrameRef(text), request)
        }
    }
}
