import Wire

extension Labels {
    /// `labels.import`
    func importLabels(
        _ parameters: LabelsImport,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsImport.Result {
        for name in parameters.labels.keys { _ = try label(name) }
        let names = settings.labels.map(\.name).filter { parameters.labels[$0] != nil }
        let rows = try LabelImportRow.rows(parameters, settings)
        let annotator = parameters.annotator ?? ""
        try Attachment.check(annotator, "annotator")
        return { transaction in
            try warningOfStraddling(transaction) {
                var result = LabelsImport.Result()
                var judged: [(index: Int, id: Int64)] = []
                var job = try LabelImport(settings, names: names, annotator: annotator, transaction)
                try SuspendedTriggers.on(["labels", "label_event_log"], transaction.connection) {
                    for (index, (row, outcome)) in zip(rows, try job.write(rows)).enumerated() {
                        switch outcome {
                        case .done(let isNew):
                            result.inserted += isNew ? 1 : 0
                            if row.isEmpty { result.unchanged += isNew ? 0 : 1 } else { result.labeled += 1 }
                        case .heldOut(let isNew):
                            result.inserted += isNew ? 1 : 0
                            result.heldOut += 1
                        case .judged(let id): judged.append((index, id))
                        case .rejected(let error):
                            result.rejected.append(
                                RejectedRow(index: index, kind: error.kind.rawValue, message: error.message)
                            )
                        }
                    }
                    try job.finish()
                }
                for (index, id) in judged {
                    let values = zip(names, rows[index].values).compactMap { name, value in value.map { (name, $0) } }
                    let labels = Dictionary(uniqueKeysWithValues: values)
                    let isChanged = try relabel(id, labels, annotator, access, transaction)
                    if isChanged { result.labeled += 1 } else { result.unchanged += 1 }
                }
                let labeled = job.labeled
                transaction.afterCommit { [leases, catalog] in
                    for id in labeled { leases.release(judged: id) }
                    catalog.announcements.post(.labels)
                }
                return result
            }
        }
    }

    /// Sets labels of an image on which there is something already; says whether they were other ones before, so that
    /// the same file imported again changes nothing.
    private func relabel(
        _ id: Int64,
        _ labels: [String: Int],
        _ annotator: String,
        _ access: Access,
        _ transaction: WriteTransaction
    ) throws -> Bool {
        let state = try JudgedImage.read(id, annotator: annotator, settings, transaction.connection)?.state
        let isSaid = labels.allSatisfy { name, value in
            state?.labels[name] == value && state?.opinions[name] == value
        }
        guard !isSaid || state?.outcome != nil || state?.isSkipped ?? false else { return false }
        let set = LabelsSet(id: id, labels: labels.mapValues { $0 }, annotator: annotator)
        _ = try apply(set, access, transaction)
        return true
    }
}
