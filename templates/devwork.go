package templates

import "net/url"

// Samples of views, uploads, jobs and reviews for the page of components.

const componentsPath = "/console/dev/components"

func componentsViews(query url.Values) SavedViews {
	state := query.Get("state")
	return SavedViews{Stem: "reader", Save: "/console/savedview", Manage: "/console/savedview?stem=reader", Query: query.Encode(), Views: []NavItem{
		{Label: "离线的门", URL: componentsPath + "?state=off", Active: state == "off"}, {Label: "今日最忙", URL: componentsPath + "?sort=-today"}}}
}

// ComponentsUpload is where the sample upload is sent, and ComponentsUploadMost the
// largest file it takes, in bytes.
const (
	ComponentsUpload     = componentsPath + "/upload"
	ComponentsUploadMost = 64 << 10
)

func sampleUpload(prefix string) Field {
	return Field{Kind: Upload, Prefix: prefix, Name: "list", Label: "名单", Accept: []string{".txt", ".csv", ".xlsx"}, Most: ComponentsUploadMost, Help: "第一列写房屋，一行一套。"}
}

func componentsUpload(csrf string) Form {
	field := sampleUpload("")
	field.Required = true
	return Form{Action: ComponentsUpload + "#upload", CSRF: csrf, Submit: "读取名单", Sections: []Section{{Fields: []Field{field}}}}
}

// componentsUploads are an upload's states but the empty one.
func componentsUploads() []Field {
	wrong, again, off := sampleUpload("wrong-"), sampleUpload("again-"), sampleUpload("off-")
	wrong.Error, wrong.Value = "文件有 2.4 MB，最大 64 KB", "全部住户.csv"
	again.Value, again.Help = "11月名单.xlsx", ""
	off.Disabled = true
	return []Field{wrong, again, off}
}

// componentsJobs are a job's states. They do not ask for themselves again: nothing
// is behind them.
func componentsJobs() []Job {
	return []Job{
		{ID: "job-1", Title: "校验操作日志", State: Badge{Info, "进行中"}, Percent: 42, Known: true, Count: "21,000 / 50,000", Cancel: componentsPath},
		{ID: "job-2", Title: "校验操作日志", State: Badge{Neutral, "等待中"}, Cancel: componentsPath},
		{ID: "job-3", Title: "校验操作日志", State: Badge{Good, "已完成"}, Over: true, Words: "已校验 50,000 条操作日志，完好。", Again: componentsPath, Result: Action{Label: "查看", URL: "/console/audit", Icon: "external-link", Primary: true}},
		{ID: "job-4", Title: "校验操作日志", State: Badge{Warn, "中断"}, Over: true, Bad: true, Words: "服务器多次中断，可以再次执行", Again: componentsPath},
	}
}

func componentsReviews() []Review {
	waiting := Review{
		Title: "住户认证", State: Badge{Warn, "待审核"},
		Who:      []Fact{{Label: "申请人", Value: "李*华"}, {Label: "手机", Value: "138****0032"}, {Label: "房屋", Value: "云栖花园 3栋2单元501"}, {Label: "身份", Value: "租户"}},
		Evidence: []ReviewEvidence{{Label: "身份证人像面", URL: componentsPath}, {Label: "租赁合同", URL: componentsPath}},
		Earlier:  []ReviewDecision{{State: Badge{Bad, "已驳回"}, Who: "周敏", When: "11月20日 14:05", Reason: "合同照片看不清。"}},
		Approve:  componentsPath, Reject: componentsPath, Effect: "通过后，李*华可以用通行码出入云栖花园。", Reason: ReviewReason(), Version: "3",
	}
	refused := waiting
	refused.Evidence, refused.Earlier = nil, nil
	refused.Reason.Name, refused.Reason.Error = "reason-2", "请写明驳回的原因"
	decided := refused
	decided.State, decided.Decided = Badge{Good, "已通过"}, "王强已在 11月22日 12:03 通过了这个申请，您的操作没有生效。"
	return []Review{waiting, refused, decided}
}
