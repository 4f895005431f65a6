import Wire

extension Labels {
    /// `labels.set`
    func set(_ parameters: LabelsSet) throws -> @Sendable (WriteTransaction) throws -> LabelsSet.Result {
        for (name, value) in parameters.labels {
            _ = try label(name)
            if let value, value != 0, value != 1 {
                throw WireError.invalidParams("labels.\(name) is \(value); a label is 0, 1 or null")
            }
        }
        guard !parameters.labels.isEmpty || parameters.outcome != nil else {
            throw WireError.invalidParams("params.labels is empty and there is no outcome")
        }
        return { transaction in
            if let answer = try LabelEvents.answer(
                to: parameters.eventID,
                .set,
                as: LabelsSet.Result.self,
                transaction.connection
            ) {
                return answer
            }
            let answer = try change(parameters.id, transaction) { state in
                state.labels.merge(parameters.labels) { $1 }
                state.outcome = parameters.outcome
                state.isSkipped = false
                state.labeledAt = state.isLabeled ? transaction.timestamp : nil
            } record: { before, after, split in
                let answer = LabelsSet.Result(
                    id: parameters.id,
                    split: split,
                    labeledAt: after.labeledAt.flatMap(Timestamp.seconds)
                )
                try LabelEvents.record(
                    .set,
                    image: parameters.id,
                    annotator: parameters.annotator,
                    before: before,
                    after: after,
                    eventID: parameters.eventID,
                    answer: answer,
                    transaction
                )
                return answer
            }
            return answer
        }
    }

    /// `labels.skip`
    func skip(_ parameters: LabelsSkip) throws -> @Sendable (WriteTransaction) throws -> LabelsSkip.Result {
        { transaction in
            if let answer = try LabelEvents.answer(
                to: parameters.eventID,
                .skip,
                as: LabelsSkip.Result.self,
                transaction.connection
            ) {
                return answer
            }
            return try change(parameters.id, transaction) {
                $0.isSkipped = true
            } record: { before, after, _ in
                let answer = LabelsSkip.Result(id: parameters.id)
                try LabelEvents.record(
                    .skip,
                    image: parameters.id,
                    annotator: parameters.annotator,
                    before: before,
                    after: after,
                    eventID: parameters.eventID,
                    answer: answer,
                    transaction
                )
                return answer
            }
        }
    }

    /// `labels.undo`
    func undo(_ parameters: LabelsUndo) throws -> @Sendable (WriteTransaction) throws -> LabelsUndo.Result {
        { transaction in
            let connection = transaction.connection
            if let answer = try LabelEvents.answer(
                to: parameters.eventID,
                .undo,
                as: LabelsUndo.Result.self,
                connection
            ) {
                return answer
            }
            guard
                let event = try LabelEvents.last(
                    annotator: parameters.annotator,
                    image: parameters.id,
                    connection
                )
            else { throw WireError.notFound("there is nothing to undo") }
            let newest = try LabelEvents.last(annotator: nil, image: event.imageID, connection)
            guard newest?.id == event.id else {
                throw WireError(
                    "undo_conflict",
                    "image \(event.imageID) was labeled again by somebody else since; undo that first",
                    details: ["id": .integer(event.imageID)]
                )
            }
            return try change(event.imageID, transaction) {
                $0 = event.before
            } record: { before, after, _ in
                let answer = LabelsUndo.Result(id: event.imageID, labels: after.labels)
                try LabelEvents.record(
                    .undo,
                    image: event.imageID,
                    annotator: parameters.annotator,
                    before: before,
                    after: after,
                    undoes: event.id,
                    eventID: parameters.eventID,
                    answer: answer,
                    transaction
                )
                return answer
            }
        }
    }

    /// Changes what is said of an image; its split is fixed by the first label and stays.
    private func change<Answer>(
        _ id: Int64,
        _ transaction: WriteTransaction,
        _ edit: (inout ImageState) -> Void,
        record: (_ before: ImageState, _ after: ImageState, _ split: String?) throws -> Answer
    ) throws -> Answer {
        guard let image = try ImageState.read(id, settings, transaction.connection) else {
            throw WireError.notFound("image \(id) does not exist")
        }
        guard image.split != "test" else {
            throw WireError(
                "holdout_lease_required",
                "image \(id) is held out: it is labeled only where holdout.next gave it out",
                details: ["id": .integer(id)]
            )
        }
        var state = image.state
        edit(&state)
        var split = image.split
        if split == nil, state.isLabeled {
            split = settings.trainingSplit(settings.splitBy == .study ? image.studyID ?? "" : image.filename)
        }
        try state.write(
            id,
            split: split,
            skippedAt: transaction.timestamp,
            settings,
            transaction.connection
        )
        transaction.afterCommit { [leases] in leases.release(id) }
        return try record(image.state, state, split)
    }
}
