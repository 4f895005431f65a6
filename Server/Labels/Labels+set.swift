import Wire

extension Labels {
    /// `labels.set`
    func set(
        _ parameters: LabelsSet,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsSet.Result {
        try check(parameters)
        return { try apply(parameters, access, $0) }
    }

    /// `labels.set_many`
    func setMany(
        _ parameters: LabelsSetMany,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsSetMany.Result {
        guard (1...LabelsSetMany.mostSets).contains(parameters.sets.count) else {
            throw WireError.invalidParams(
                "params.sets has \(parameters.sets.count) entries; 1 to \(LabelsSetMany.mostSets) are possible"
            )
        }
        let sets = parameters.sets.map { set in
            var set = set
            set.annotator = set.annotator ?? parameters.annotator
            return set
        }
        return { transaction in
            var result = LabelsSetMany.Result(images: [], rejected: [])
            for (index, set) in sets.enumerated() {
                do {
                    try check(set)
                    result.images.append(try apply(set, access, transaction))
                } catch let error as WireError where error.isFinal {
                    result.rejected.append(RejectedRow(index: index, kind: error.kind.rawValue, message: error.message))
                }
            }
            return result
        }
    }

    private func check(_ parameters: LabelsSet) throws {
        try Attachment.check(parameters.annotator, "annotator")
        for (name, value) in parameters.labels {
            _ = try label(name)
            if let value, value != 0, value != 1 {
                throw WireError.invalidParams("labels.\(name) is \(value); a label is 0, 1 or null")
            }
        }
        guard !parameters.labels.isEmpty || parameters.outcome != nil else {
            throw WireError.invalidParams("params.labels is empty and there is no outcome")
        }
        if let seconds = parameters.timeSpent, !(0...86_400).contains(seconds) {
            throw WireError.invalidParams("params.time_spent is \(seconds); it is in seconds, 0 to 86 400")
        }
    }

    /// Applies a set. Refuses it before it writes anything, so that the sets around it need no savepoints.
    func apply(
        _ parameters: LabelsSet,
        _ access: Access,
        _ transaction: WriteTransaction
    ) throws -> LabelsSet.Result {
        let connection = transaction.connection
        let known = try LabelEvents.answer(
            to: parameters.eventID,
            .set,
            image: parameters.id,
            annotator: parameters.annotator ?? "",
            as: LabelsSet.Result.self,
            access,
            connection
        )
        if let known { return known }
        let entry = LabelEvents.Entry(
            kind: .set,
            imageID: parameters.id,
            annotator: parameters.annotator ?? "",
            eventID: parameters.eventID,
            timeSpent: parameters.timeSpent
        )
        let image = try judged(entry, access, transaction)
        let isOpinion = parameters.opinion ?? false
        var state = image.state
        for (name, value) in parameters.labels {
            // A second opinion leaves the label that counts as it is.
            if !isOpinion || state.labels[name] ?? nil == nil { state.labels.updateValue(value, forKey: name) }
            if !image.isHoldout { state.opinions[name] = value }
        }
        if !isOpinion {
            state.outcome = parameters.outcome
            state.labeledAt = nil
        }
        state.labeledAt = state.isLabeled ? state.labeledAt ?? transaction.timestamp : nil
        state.isSkipped = false
        let split = try change(image, to: state, entry, transaction)
        for name in parameters.labels.keys {
            try Opinions.queue(name, image: entry.imageID, isSettled: !isOpinion, connection)
            try LabelScores.confirm(entry.imageID, name, parameters.labels[name] ?? nil != nil, connection)
        }
        let answer = LabelsSet.Result(
            id: entry.imageID,
            split: split,
            labeledAt: state.labeledAt.flatMap(Timestamp.seconds)
        )
        let serve = try Serves.last(entry.imageID, to: entry.annotator, connection)
        if let serve { try Serves.count(1, serve: serve, before: image.state, after: state, connection) }
        try LabelEvents.record(
            entry,
            before: image.state,
            after: state,
            serveID: serve,
            answer: answer,
            transaction
        )
        return answer
    }

    /// `labels.skip`
    func skip(
        _ parameters: LabelsSkip,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsSkip.Result {
        try Attachment.check(parameters.annotator, "annotator")
        return { transaction in
            let known = try LabelEvents.answer(
                to: parameters.eventID,
                .skip,
                image: parameters.id,
                annotator: parameters.annotator ?? "",
                as: LabelsSkip.Result.self,
                access,
                transaction.connection
            )
            if let known { return known }
            let entry = LabelEvents.Entry(
                kind: .skip,
                imageID: parameters.id,
                annotator: parameters.annotator ?? "",
                eventID: parameters.eventID
            )
            let image = try judged(entry, access, transaction)
            var state = image.state
            state.isSkipped = true
            _ = try change(image, to: state, entry, transaction)
            let answer = LabelsSkip.Result(id: parameters.id)
            try LabelEvents.record(
                entry,
                before: image.state,
                after: state,
                serveID: nil,
                answer: answer,
                transaction
            )
            return answer
        }
    }

    /// `labels.undo`
    func undo(
        _ parameters: LabelsUndo,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsUndo.Result {
        { transaction in
            let connection = transaction.connection
            let known = try LabelEvents.answer(
                to: parameters.eventID,
                .undo,
                image: parameters.id,
                annotator: nil,
                as: LabelsUndo.Result.self,
                access,
                connection
            )
            if let known { return known }
            let event = try undoable(parameters, connection)
            // What is taken back is what that event's annotator said, whoever takes it back.
            let entry = LabelEvents.Entry(
                kind: .undo,
                imageID: event.imageID,
                annotator: event.annotator,
                eventID: parameters.eventID,
                undone: event
            )
            let image = try judged(entry, access, transaction)
            guard !image.isHoldout || parameters.annotator ?? "" == event.annotator else {
                throw Vault.leaseRequired(event.imageID)
            }
            _ = try change(image, to: event.before, entry, transaction)
            for label in settings.labels {
                try Opinions.queue(label.name, image: event.imageID, isSettled: false, connection)
                try LabelScores.confirm(event.imageID, label.name, false, connection)
            }
            if let serve = event.serveID {
                try Serves.count(-1, serve: serve, before: event.before, after: event.after, connection)
            }
            let changed = settings.labels.map(\.name).filter {
                event.before.labels[$0] != event.after.labels[$0]
                    || event.before.opinions[$0] != event.after.opinions[$0]
            }
            // What it was before may be what somebody else said of a held-out image.
            let answer =
                image.isHoldout
                ? LabelsUndo.Result(id: event.imageID, labels: [:], changed: [])
                : LabelsUndo.Result(id: event.imageID, labels: event.before.labels, changed: changed)
            try LabelEvents.record(
                entry,
                before: image.state,
                after: event.before,
                serveID: nil,
                answer: answer,
                transaction
            )
            return answer
        }
    }

    private func undoable(_ parameters: LabelsUndo, _ connection: Connection) throws -> LabelEvents.Event {
        guard
            let event = try LabelEvents.last(annotator: parameters.annotator, image: parameters.id, connection)
        else { throw WireError.notFound("there is nothing to undo") }
        let newest = try LabelEvents.last(annotator: nil, image: event.imageID, connection)
        guard newest?.id == event.id else {
            throw WireError(
                "undo_conflict",
                "image \(event.imageID) was labeled again by somebody else since; undo that first",
                details: ["id": .integer(event.imageID)]
            )
        }
        return event
    }

    /// The image that an entry is about, if its annotator may judge it.
    private func judged(
        _ entry: LabelEvents.Entry,
        _ access: Access,
        _ transaction: WriteTransaction
    ) throws -> JudgedImage {
        guard
            let image = try JudgedImage.read(
                entry.imageID,
                annotator: entry.annotator,
                settings,
                transaction.connection
            )
        else { throw WireError.notFound("image \(entry.imageID) does not exist") }
        if image.isHoldout { try Vault.checkRole(access, toJudge: entry.imageID) }
        if image.isHoldout, entry.kind != .undo {
            try Vault.checkLease(of: entry.imageID, annotator: entry.annotator, transaction.connection)
        }
        return image
    }

    /// Changes what is said of an image and gives its split, which the first label fixes and nothing changes again.
    private func change(
        _ image: JudgedImage,
        to state: ImageState,
        _ entry: LabelEvents.Entry,
        _ transaction: WriteTransaction
    ) throws -> String? {
        let split = image.split(after: state, settings)
        try image.write(
            state,
            id: entry.imageID,
            annotator: entry.annotator,
            split: split,
            settings,
            transaction
        )
        transaction.afterCommit { [leases, catalog] in
            leases.release(judged: entry.imageID)
            catalog.announcements.post(.labels)
        }
        return split
    }
}
