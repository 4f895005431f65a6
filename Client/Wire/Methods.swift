/// Every method of the protocol that this version speaks.
public enum Methods {
    public static let all: [any Method.Type] = [
        Hello.self, ServerPing.self, ServerStats.self, ServerVacuum.self, ServerBackup.self,
        RunsStart.self, RunsHeartbeat.self, RunsFinish.self, RunsList.self, RunsGet.self, RunsDelete.self,
        RunsSeal.self,
        StepsAppend.self, EpisodesFinish.self, EpisodesList.self, EpisodesGet.self, EpisodesSteps.self,
        FramesResolve.self, StepsFind.self, StepsSample.self, RefsValidate.self, RefsRepair.self,
        MetricsAppend.self, MetricsQuery.self, MetricsSeries.self, MetricsSummary.self, MetricsList.self,
        MetricsPrune.self,
        ImagesInsert.self, LabelsNext.self, LabelsRelease.self, LabelsSet.self, LabelsSetMany.self,
        LabelsImport.self, LabelsUndo.self, LabelsSkip.self, LabelsGet.self, LabelsList.self, LabelsTrainVal.self,
        LabelsStats.self,
        LabelsUpdatePredictions.self, LabelsUpdateScores.self, LabelsIssues.self, LabelsCalibration.self,
        LabelsDisagreements.self, LabelsAgreement.self,
        HoldoutNext.self, HoldoutImages.self, HoldoutEvaluate.self, HoldoutLedger.self,
        SnapshotsCreate.self, SnapshotsGet.self, SnapshotsList.self,
        TokensCreate.self, TokensList.self, TokensRevoke.self, AuditList.self,
        VariablesSchema.self, VariablesSave.self, VariablesSaveMany.self, VariablesFind.self, VariablesLoad.self,
        VariablesLoadAll.self, VariablesUpload.self, VariablesDownload.self,
        VariablesVersions.self, VariablesList.self, VariablesDelete.self, VariablesTag.self, VariablesUntag.self,
        VariablesTags.self,
        VariablesCollect.self, VariablesCompact.self,
        LineageSave.self, LineageFind.self, LineageFindMany.self, LineageGet.self, LineageUpstream.self,
        LineageDownstream.self,
        LineageClaim.self, LineageRenew.self, LineageRelease.self, LineageWhy.self, LineageExport.self,
    ]
}
