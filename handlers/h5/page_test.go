package h5

import (
	"testing"
	"time"

	"tongxing/core"
	"tongxing/store"
	"tongxing/templates"
)

// Every page has a sample, including empty ones and those with an error.
func TestPages(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)
	frame := templates.Phone{Title: "通行", Note: "翠湖花园", CSRF: "token", Demo: true}
	post := core.GuardPost{ID: 7, Community: 1, Name: "南门岗亭", Direction: core.Out}
	pass := store.Pass{ID: 5, Name: "陈<建国>", CommunityName: "翠湖花园", HouseLabel: "1栋1单元101", Identity: core.Owner}
	live := templates.Live{URL: "/h5/guard/7/events", Event: "record", Swap: "refresh"}
	qr := templates.QR{
		Image: "data:image/svg+xml;base64,AA==", Alt: "通行二维码", Refresh: "/h5/pass/5/token", CSRF: "token",
		Left: 598, Life: 600, Text: "对准读头",
	}
	records := (&H5{}).lines([]core.AccessRecord{
		{
			ID: 1, At: at, Gate: "南门出口", Direction: core.Out, Kind: core.PassResident, Name: "陈建国",
			HouseLabel: "1栋1单元101", TempTenths: 365, Allowed: true,
		},
		{ID: 2, At: at, Gate: "东门入口", Direction: core.In, Name: "李婷", Allowed: true},
		{ID: 3, At: at, Gate: "南门出口", Direction: core.Out, Reason: core.ReasonGuard, Note: "人证不符"},
		{ID: 4, At: at, Gate: "南门出口", Direction: core.Out, Reason: core.ReasonNeedTemp},
	}, false)
	totals := core.RecordTotals{In: 12, Out: 1284, Refused: 3, Urgent: 2}
	form := &passageForm{Text: "T1", Key: "k", direction: core.Out, Temp: "99"}
	preview := store.Preview{
		Pass: 5, Name: "陈建国", HouseLabel: "1栋1单元101", Rule: core.PassRule{RecordTemp: true, RecordID: true},
		Decision: core.Decision{Reason: core.ReasonNeedTemp, Sentence: "请到门岗测温"},
	}
	look := lookPage{
		Phone: frame, Post: post, Preview: preview, Initial: "陈", Known: true, Verdict: previewVerdict(preview),
		Form: passageFields(post, form, preview), Kept: passageKept(form), Ways: ways(core.Out),
		MayRelease: true, Reasons: refusals,
	}
	wrong := look
	wrong.Form.Set(nil, map[string]string{"temp": "体温应为 34.0 至 42.0 之间的数字", "reason": "请写明不放行的原因"})
	visitor := look
	visitor.Preview.Kind, visitor.Facts = core.PassVisitor, []templates.Fact{{Label: "车牌", Value: "京<A12345>"}}
	slip := visitor
	slip.Preview.Kind, slip.Ways, slip.ItemError = core.PassExitSlip, nil, "请勾选<物品>"
	slip.Items = []templates.ExitItem{
		{N: 1, Text: "<冰箱> 1 件", Tick: true, Ticked: true, URL: "/p", Thumb: "/t"}, {N: 2, Text: "床 1 件", Left: "已放行"},
	}
	communities := []core.Community{{ID: 1, Name: "翠湖花园"}, {ID: 2, Name: "云栖花园"}}
	filters := recordFilterForm{Community: 2, Day: core.DayOf(at, time.UTC), Keyword: "陈"}
	templates.CheckAll(t, "h5/", map[string]any{
		"h5/pass/list":         passListPage{Phone: frame, Passes: []store.Pass{pass, pass}},
		"h5/pass/list#visitor": passListPage{Phone: frame, Passes: []store.Pass{pass}, Ask: true},
		"h5/pass/list#empty":   passListPage{Phone: frame, Empty: templates.NewEmpty("还没有通行证", "请联系物业"), Ask: true},
		"h5/pass/list#applied": passListPage{Phone: frame, Ask: true, Empty: templates.NewEmpty("还没有通行证", "请等待审核"), Applied: []appliedLine{
			{URL: "/h5/certification/1", Community: "翠湖花园", House: "1栋1单元803", State: outcomeBadge(core.ReviewWaiting)},
		}},
		"h5/pass/show": passPage{
			Phone: frame, Pass: pass, Initial: "陈", Rule: "每人每天最多出门 3 次",
			Counted: "每人单独计次", Now: passNow{
				Verdict: templates.Verdict{Tone: templates.Good, Title: "现在可以出门", Text: "今天还能出门 3 次"}, QR: qr,
				Office: officeLine{Text: "0755-88888888 转 8", Dial: "075588888888,8"},
			},
			Recent: records, Passed: "08:30:00 南门出口 出门已放行", Events: live, Others: true,
		},
		"h5/pass/show#new": passPage{
			Phone: frame, Pass: pass, Events: live,
			Now: passNow{Verdict: templates.Verdict{Tone: templates.Bad, Title: "现在不能通行"}, QR: qr},
		},
		"h5/look/list": lookListPage{
			Phone: frame, Rows: []lookLine{{"物业 张*", "出入记录", at}}, Pager: templates.Pager{Next: "/h5/look?after=1"},
		},
		"h5/look/list#empty": lookListPage{Phone: frame, Empty: templates.NewEmpty("没有人看过", "")},
		"h5/pass/urgent": urgentPage{
			Phone: frame, Pass: pass, Reasons: core.UrgentReasons(), Reason: templates.Field{Name: "reason", Label: "其他原因", Error: "请写明"},
		},
		"h5/pass/vouch":       vouchPage{Phone: frame, Pass: pass, Family: []store.Pass{pass}, Of: "陈一", QR: qr},
		"h5/pass/vouch#empty": vouchPage{Phone: frame, Pass: pass, Empty: templates.NewEmpty("没有可以帮助的家人", "")},
		"h5/guard/list":       postListPage{Phone: frame, Posts: []core.GuardPost{post, {ID: 8, Name: "东门岗", Direction: core.In}}},
		"h5/guard/list#empty": postListPage{Phone: frame, Empty: templates.NewEmpty("还没有安排门岗", "")},
		"h5/guard/show": postPage{
			Phone: frame, Post: post, Totals: totals, Days: recordDays(records, time.UTC, at), Live: live, Many: true,
			Guard: 9, Ways: ways(core.Out), Reasons: lateReasons, Alerts: 2,
		},
		"h5/guard/show#wechat": postPage{Phone: frame, Post: post, Script: "https://res.wx.qq.com/open/js/x.js", Live: live},
		"h5/guard/show#empty":  postPage{Phone: frame, Post: post, Error: "请先扫码", Live: live},
		"h5/guard/search": searchPage{
			Phone: frame, Post: post, Keyword: "陈",
			Found: []found{{ResidentRow: store.ResidentRow{}, Pass: 5}, {}},
		},
		"h5/guard/search#visitors": searchPage{
			Phone: frame, Post: post, Keyword: "来", Guests: []guest{{5, "来客", "访客", "3栋501", "有效至 1 月 2 日 10:00"}},
		},
		"h5/guard/inside": insidePage{
			Phone: frame, Post: post, Undo: 7, Words: "已登记 1 位访客离开。", More: true,
			Rows: []insideRow{{ID: 1, Pass: 2, Name: "来客", House: "3栋501", Said: "10:00 进门 · 2 人", Late: true}, {ID: 3}},
		},
		"h5/guard/inside#empty": insidePage{Phone: frame, Post: post, Empty: templates.NewEmpty("没有访客在场", "")},
		"h5/guard/alerts": alertPage{
			Phone: frame, Post: post, Live: live, Rows: []alertRow{{"连续拒绝", "东<门>一分钟内拒绝 10 次", "3 月 5 日 10:00"}},
		},
		"h5/guard/alerts#empty": alertPage{Phone: frame, Post: post, Live: live, Empty: templates.NewEmpty("没有未处理的告警", "")},
		"h5/guard/shift": shiftPage{
			Phone: frame, Post: post, Seen: "5on", Label: "接班", On: true, Note: "3 栋<门禁>坏了", Whose: "李<师傅>", Warn: "李<师傅> 没有交班",
			Last: []templates.Fact{{Label: "值班", Value: "李<师傅>"}},
			Open: []openThing{{Label: "在场", URL: "/h5/guard/7/inside", Count: 2}, {Label: "未处理的告警", Count: 1, Bad: true}},
		},
		"h5/guard/shift#own": shiftPage{Phone: frame, Post: post, Own: true, On: true, ID: 5, Label: "交班", Slips: []slipLine{{Pass: 7}},
			Form: templates.Form{Sections: []templates.Section{{Fields: []templates.Field{
				{Kind: templates.Textarea, Name: "note", Label: "留言"},
			}}}}},
		"h5/guard/poster":       guardPosterPage{Phone: frame, Link: "https://pass.example.com/h5/visit/at/x", Image: "data:,"},
		"h5/guard/poster#empty": guardPosterPage{Phone: frame, Empty: templates.NewEmpty("还没有访客海报", "")},
		"h5/guard/search#new":   searchPage{Phone: frame, Post: post, Empty: templates.NewEmpty("查找住户", "")},
		"h5/guard/look":         look,
		"h5/guard/look#wrong":   wrong,
		"h5/guard/look#visitor": visitor,
		"h5/guard/look#slip":    slip,
		"h5/guard/search#slip": searchPage{Phone: frame, Post: post, Keyword: "冰箱", Slips: []slipLine{
			{Pass: 7, Name: "林<明>", House: "1栋<101>", When: "3 月 5 日 出门", Gone: "3 项", State: exitBadge(core.ExitGranted)},
		}},
		"h5/review/show#slip": reviewPage{Phone: frame, Items: slip.Items, Decided: "张三 已审核：通过。"},
		"h5/guard/look#none": lookPage{
			Phone: frame, Post: post,
			Verdict: templates.Verdict{Tone: templates.Bad, Title: "不可放行", Text: "二维码已失效，请刷新"}, ByHand: true,
		},
		"h5/guard/done#urgent": donePage{
			Phone: frame, Post: post, Verdict: templates.Verdict{Tone: templates.Bad, Title: "未放行"}, Urgent: passageKept(form),
		},
		"h5/guard/done#unread": donePage{
			Phone: frame, Post: post, Verdict: templates.Verdict{Tone: templates.Bad, Title: "未放行"}, ByHand: true,
		},
		"h5/guard/done": donePage{Phone: frame, Post: post, Verdict: templates.Verdict{Tone: templates.Good, Title: "已放行"}},
		"h5/observer/list": observerPage{
			Phone: frame, Filters: observerFilters(filters, communities), Narrowed: 2, Totals: totals,
			TotalsDay: "今天", Days: recordDays(named(records, communities, filters), time.UTC, at.AddDate(0, 0, 2)),
			Chips: filters.chips(nil, filters.Day),
			Pager: templates.Pager{Prev: "/h5/observer?before=1", Next: "/h5/observer?after=1"}, Live: live,
			Export: "/h5/observer/export.xlsx",
		},
		"h5/observer/list#empty": observerPage{
			Phone: frame, TotalsDay: "2026-11-22", Live: live, Empty: templates.NewEmpty("没有出入记录", ""),
		},
		"h5/review/list": reviewListPage{Phone: frame, More: 2, Rows: []reviewLine{
			{URL: "/h5/review/1", Name: "林<明>", Subject: "1栋<101>", Kind: "住户认证", Late: true, Created: time.Now()},
		}},
		"h5/review/list#none": reviewListPage{Phone: frame, Empty: templates.NewEmpty("没有等待您审核的申请", "")},
		"h5/review/show": reviewPage{
			Phone: frame, Action: "/h5/review/1", Version: 1, State: templates.Badge{Tone: templates.Info, Text: "待审核"},
			Facts:  []templates.Fact{{Label: "姓名", Value: "林<明>"}},
			Photos: []reviewPicture{{Label: "照片 1", URL: "/h5/review/photo/1", Thumb: "/h5/review/photo/1"}}, Effect: "通过后成为住户。",
			Warning: "认证的是登记的“林<月>”。",
			Presets: []string{"照片看不清"}, Reason: templates.ReviewReason("会告诉申请人"),
			Note: templates.ReviewNote(), Internal: templates.ReviewInternal(),
			Earlier: []templates.ReviewDecision{{State: templates.Badge{Text: "不通过"}, Who: "林<明>", When: "2026-11-22", Reason: "x"}},
		},
		"h5/review/show#decided": reviewPage{Phone: frame, Decided: "张三 已审核：通过。", Late: true},
		"h5/notice/list": noticeListPage{
			Phone: frame, Rows: []noticeLine{{Title: "告警：<南门>", URL: "/x", Button: "后台", Created: time.Unix(1, 0), New: true}},
			Pager: templates.Pager{Prev: "/h5/notice", Next: "/h5/notice?after=1"},
		},
		"h5/notice/list#none": noticeListPage{Phone: frame, Empty: templates.NewEmpty("还没有提醒", "")},
		"h5/staff/show": staffPage{
			Told:  []noticeLine{{Title: "告警：<南门>", URL: "/x", Button: "后台", Created: time.Unix(1, 0)}},
			Phone: frame, AskPhone: true, Links: []staffLink{{Label: "待我审核", Note: "有申请在等您", URL: "/h5/review", Count: 3}},
			Posts: []staffPost{{"东门<岗>", "翠湖<花园>", "/h5/guard/1"}}, Facts: []templates.Fact{{Label: "部门", Value: "工程部<维修组>"}},
		},
		"h5/staff/show#none": staffPage{Phone: frame, NoPosts: "没有安排您值守的门岗。"},
		"h5/staff/record": staffRecordsPage{
			Phone: frame, Days: recordDays(records, time.UTC, at), Pager: templates.Pager{Next: "/h5/staff/record?after=1"},
		},
		"h5/staff/record#none": staffRecordsPage{Phone: frame, Empty: templates.NewEmpty("还没有出入记录", "")},
		"h5/certification/show": certificationPage{
			Phone: frame, State: templates.Badge{Tone: templates.Bad, Text: "不通过"},
			Facts:  []templates.Fact{{Label: "姓名", Value: "林<明>"}, {Label: "不通过的原因", Value: "照片<看不清>"}},
			Photos: []reviewPicture{{Label: "照片 1", URL: "/h5/certification/photo/1", Thumb: "/h5/certification/photo/1"}},
			Again:  certificationNewPath + "?again=1",
		},
		"h5/certification/list": certificationListPage{
			Phone: frame, New: certificationNewPath, Addresses: []addressLine{
				{House: "1栋<102>", Place: "翠湖花园", Identity: "家属", Next: "还没有认证。", Accept: addressPath + "/2/accept"},
				{House: "1栋<101>", Place: "翠湖花园", Identity: "家属", Certified: templates.Badge{Tone: templates.Good, Text: "已认证"},
					Next: "搬家后可以删除这个地址。", Change: certificationNewPath + "?replaces=1", Remove: addressPath + "/1"},
			},
			Applied: []appliedLine{
				{URL: "/h5/certification/1", Community: "翠湖花园", House: "1栋1单元803", State: outcomeBadge(core.ReviewRejected)},
			},
		},
		"h5/certification/list#none": certificationListPage{Phone: frame, New: certificationNewPath},
		"h5/certification/form": certificationFormPage{Phone: frame, Keep: certificationPhotoPath, PhotoError: "这不是<图片>",
			Form:   templates.Form{Action: certificationNewPath, CSRF: "token", Sections: []templates.Section{{Help: "<x>"}}},
			Photos: []formPicture{{ID: "1", Label: "照片 1", Thumb: "/h5/certification/photo/1", Remove: "/x"}},
		},
		"h5/certification/form#none": certificationFormPage{Phone: frame, Keep: certificationPhotoPath, Room: core.PhotosPerForm,
			Form: templates.Form{Action: certificationNewPath, CSRF: "token"}},
		"h5/certification/pick": certificationPickPage{Phone: frame, Heading: "选择小区", Places: []templates.Action{
			{Label: "翠湖<花园>", URL: certificationNewPath + "?community=1"},
		}},
		"h5/certification/pick#search": certificationPickPage{
			Phone: frame, Heading: "选择楼栋和房屋", Ask: "门牌", Search: []hidden{{"community", "1"}}, Keyword: "<3栋>", More: true,
			Places: []templates.Action{{Label: "3栋", URL: "/x"}},
		},
		"h5/certification/pick#missed": certificationPickPage{
			Phone: frame, Heading: "x", Ask: "门牌", Search: []hidden{{"node", "1"}}, Miss: "请换", Keyword: "<3栋>",
		},
		"h5/certification/pick#none": certificationPickPage{Phone: frame, Heading: "选择楼栋和房屋"},
		"h5/household/list": householdPage{Phone: frame, Houses: []householdCard{{
			Title: "1栋<101>", Place: "翠湖花园", Add: "/h5/household/new?house=1", Office: "由您审核。",
			Waiting: []reviewLine{{URL: "/h5/household/1", Name: "林<明>", Kind: "住户认证", Created: at}},
			People: []householdLine{
				{Name: "陈<建国>", Identity: "业主", Phone: "138****0001", Certified: outcomeBadge(core.ReviewApproved)},
				{
					Name: "周租客", Identity: "限期租客", Phone: "无手机", Lease: "租约到 2026-12-31", Remove: "/h5/household/member/1",
					Certified: outcomeBadge(core.ReviewWaiting),
				},
			},
		}}},
		"h5/household/list#none": householdPage{Phone: frame, Empty: templates.NewEmpty("没有您是业主的房屋", "")},
		"h5/household/form":      householdFormPage{Phone: frame, Form: templates.Form{Action: "/h5/household/new", CSRF: "token"}},
		"h5/household/show": householdReviewPage{
			Phone: frame, Action: "/h5/household/1", Version: 1, State: outcomeBadge(core.ReviewWaiting),
			Presets: core.ReviewCertification.Type().Owners,
			Facts:   []templates.Fact{{Label: "姓名", Value: "林<明>"}}, Reason: templates.ReviewReason("会告诉申请人"),
			Warning: "认证的是登记的“林<月>”。", Effect: "可以使用通行证。",
		},
		"h5/household/show#office": householdReviewPage{
			Phone: frame, Action: "/h5/household/1", Version: 1, State: outcomeBadge(core.ReviewWaiting),
			Reason: templates.ReviewReason("会告诉申请人"), Effect: core.TakenToOwners, Office: true, Failed: "申请刚有变化。",
		},
		"h5/household/show#decided": householdReviewPage{Phone: frame, Decided: "物业 已审核：通过。", Late: true},
		"h5/visitorpass/list": visitorPassListPage{
			Phone: frame, Invite: "/h5/visitorpass/new", Pager: templates.Pager{Next: "/h5/visitorpass?after=1"}, Rows: []visitorPassLine{
				{URL: "/h5/visitorpass/1", Name: "来<客>", Where: "1栋<101>", When: "有效至 3 月 5 日", State: visitBadge(core.VisitGranted)},
			},
		},
		"h5/visitorpass/list#full": visitorPassListPage{
			Phone: frame, Full: "待处理的预约已有 <60> 份", Empty: templates.NewEmpty("还没有访客", ""),
			Unproven: templates.Action{Label: "拒绝 <59> 份号码未验证的预约", URL: "/h5/visitorpass/unproven"},
		},
		"h5/visitorpass/list#none": visitorPassListPage{Phone: frame, Empty: templates.NewEmpty("还没有访客", "")},
		"h5/exitslip/list": exitSlipListPage{
			Phone: frame, Apply: "/h5/exitslip/new", Pager: templates.Pager{Next: "/h5/exitslip?after=1"}, Rows: []visitorPassLine{
				{URL: "/h5/exitslip/1", Name: "3 月 5 日 出门", Where: "1栋<101>", When: "3 项", State: exitBadge(core.ExitPartial)},
			},
		},
		"h5/exitslip/list#none": exitSlipListPage{Phone: frame, Why: "只有<业主>可以申请。", Empty: templates.NewEmpty("还没有出门条", "")},
		"h5/exitslip/form": exitSlipFormPage{
			Phone: frame, Form: templates.Form{Action: "/h5/exitslip/new", CSRF: "token"}, Error: "请填写<物品>",
			More: true, Photo: true, Must: true,
			Items: []exitLine{
				{N: 1, Name: "<冰箱>", Count: "1", Kept: "7", Thumb: "/t", Photo: true, Must: true, Error: "数量<不对>"},
				{N: 2, Photo: true}, {N: 3},
			},
		},
		"h5/exitslip/form#homes": exitSlipFormPage{Phone: frame, Homes: []visitorHome{{"/h5/exitslip/new?house=1", "翠湖<花园> 1栋101"}}},
		"h5/exitslip/show": exitSlipShowPage{
			Phone: frame, State: exitBadge(core.ExitPartial), Next: "还有 1 项", Code: qr.Image, Withdraw: "/h5/exitslip/1/withdraw",
			Facts: []templates.Fact{{Label: "车牌", Value: "京<A>"}}, Office: officeLine{Text: "0755-88888888", Dial: "075588888888"},
			Items: []templates.ExitItem{
				{N: 1, Text: "<冰箱> 1 件", Left: "3 月 5 日 从<东门>放行", URL: "/p", Thumb: "/t"}, {N: 2, Text: "沙发 2 件", Left: "x", LeftURL: "/r"},
			},
		},
		"h5/exitslip/show#asks": exitSlipShowPage{Phone: frame, State: exitBadge(core.ExitWaiting), Answer: &visitAnswer{
			Action: "/a", CSRF: "token", Effect: "通过后<带出>", Presets: []string{"不知道"}, Reason: templates.ReviewReason("会告诉申请人"),
		}},
		"h5/message/list": messageListPage{
			Phone: frame, Rows: []messageLine{{URL: "/x", Kind: "认证结果", Text: "<b>x</b>", At: time.Unix(1, 0)}},
			Pager: templates.Pager{Next: "/y"}, Form: firstForm("x", core.ChannelSMS),
		},
		"h5/message/list#none": messageListPage{Phone: frame, Empty: templates.NewEmpty("还没有提醒", ""), Form: firstForm("x", "")},
		"h5/visitorpass/visits": visitListPage{Phone: frame, Rows: []visitorPassLine{
			{URL: "/h5/pass/1", Name: "翠湖<花园>", Where: "1栋<101>", When: "有效至 3 月 5 日", State: visitBadge(core.VisitGranted)},
			{Name: "翠湖花园", Where: "1栋101", When: "3 月 1 日 进门", State: visitBadge(core.VisitMade)},
		}},
		"h5/visitorpass/visits#none": visitListPage{Phone: frame, Empty: templates.NewEmpty("还没有访问", "")},
		"h5/visitorpass/form":        visitorPassFormPage{Phone: frame, Form: templates.Form{Action: "/h5/visitorpass/new", CSRF: "token"}},
		"h5/visitorpass/show": visitorPassShowPage{
			Phone: frame, State: visitBadge(core.VisitGranted), Facts: []templates.Fact{{Label: "人数", Value: "<2> 人"}},
			Link: "https://pass.example.com/h5/visit/x", Words: "邀请您到 <翠湖花园> 做客", Code: qr.Image,
			Revoke: templates.Action{Label: "撤销邀请", URL: "/h5/visitorpass/1/revoke"},
		},
		"h5/visitorpass/show#asks": visitorPassShowPage{Phone: frame, State: visitBadge(core.VisitWaiting), Photo: &reviewPicture{
			Label: "访客照片", URL: "/p?part=whole", Thumb: "/p?part=thumb",
		}, Answer: &visitAnswer{
			Action: "/a", CSRF: "token", Effect: "通过后<进门>", Presets: []string{"不认识"}, Reason: templates.ReviewReason("会告诉申请人"),
		}},
		"h5/visitorpass/apply": visitPosterPage{
			Phone: frame, Action: "/h5/visit/at/x", Book: templates.Action{Label: "直接预约", URL: "/h5/visit/at/x?book=yes"}, Search: true,
			Node: "7", Word: "<1>", More: true, Places: []templates.Action{{Label: "1栋<101>", URL: "/h5/visit/at/x?house=1"}},
		},
		"h5/visitorpass/apply#form": visitPosterPage{Phone: frame, Form: &templates.Form{Action: "/h5/visit/at/x", CSRF: "token"}},
		"h5/visitorpass/apply#none": visitPosterPage{Phone: frame, Word: "x"},
		"h5/visitorpass/apply#shut": visitPosterPage{Phone: frame, Why: "本小区现在不接受<申请>"},
		"h5/visitorpass/show#over":  visitorPassShowPage{Phone: frame, State: visitBadge(core.VisitExpired)},
		"h5/visitorpass/visit": visitPage{
			Phone: frame, Initial: "来", Visit: store.OwnVisit{Community: "翠湖<花园>", Host: "陈*"},
			Facts: []templates.Fact{{Label: "人数", Value: "2 人"}}, Now: visitNow{
				Verdict: templates.Verdict{Tone: templates.Good, Title: "现在可以进门"}, QR: qr, Usable: true,
				Office: officeLine{Text: "0755-88888888", Dial: "075588888888"},
			},
		},
		"h5/visitorpass/visit#over": visitPage{
			Phone: frame, Now: visitNow{Verdict: templates.Verdict{Tone: templates.Bad, Title: "已过期"}},
		},
		"h5/certification/show#approved": certificationPage{Phone: frame, Certified: true},
		"h5/certification/show#waiting":  certificationPage{Phone: frame, Withdraw: certificationPath + "/1/withdraw"},
		"h5/wechatlogin/show": loginPage{
			Phone: frame, Action: "/h5/login/x", Warning: "从未在此地址登录过。",
			Facts: []templates.Fact{{Label: "账号", Value: "林<经理>"}}, Ask: "哪一个？", Codes: choices("token", "42"),
		},
		"h5/wechatlogin/show#done": loginPage{Phone: frame, Empty: templates.NewEmpty("已确认", "请看电脑上的页面。")},
		"h5/phone/show":            phonePage{Phone: frame, Empty: templates.NewEmpty("请先验证手机号", "")},
		"h5/session/refused": sessionPage{
			Phone: frame,
			Empty: templates.Empty{Title: "您没有授权", Action: templates.Action{Label: "重新授权", URL: "/h5/session/guard", Primary: true}},
		},
	})
}
