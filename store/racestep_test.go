package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// raceSteps are all write acts of the store in an order in which each has something to do.
var raceSteps = slices.Concat(raceEstate, racePeople, raceGate, raceAccounts, raceSecond, raceWechat, racePhotos, raceOpen, raceRest)

// keepBatch notes a batch under a name; its id and times are its own.
func (w *raceWorld) keepBatch(name string, b core.Batch, err error) (any, error) {
	w.ids[name+" batch"] = b.ID
	return b.Size, err
}

// raceOrder orders a door to open, well after an earlier order.
func raceOrder(w *raceWorld) (any, error) {
	w.clock.Add(time.Minute)
	return w.CreateDoorCommand(w.ctx, raceBy, everywhere, NewDoorCommand{
		Reader: w.ids["commanded"], Reason: "送水", Key: w.Now().String(), Online: true, Now: w.Now(),
	})
}

// raceShift lets a guard take the post over.
func raceShift(w *raceWorld) (any, error) {
	last, err := w.LastGuardShift(w.ctx, everywhere, w.ids["post"])
	if err != nil {
		return nil, err
	}
	shift, err := w.CreateGuardShift(w.ctx, raceBy, everywhere, NewGuardShift{
		Post: w.ids["post"], Guard: w.ids["shift guard"], Seen: last.Mark(),
	})
	w.ids["shift"] = shift.ID
	return shift.State, err
}

// raceUndo takes a batch back.
func raceUndo(name string) func(w *raceWorld) (any, error) {
	return func(w *raceWorld) (any, error) {
		b, err := w.UndoBatch(w.ctx, raceBy, everywhere, w.ids[name+" batch"])
		return []int{b.Undone, b.Kept}, err
	}
}

var raceLooker = core.Looker{Actor: raceBy, As: core.LookOffice}

var raceBy = core.Actor{Kind: core.ActorAccount, ID: 9, Name: "管理员", Addr: "192.0.2.9", Operator: true}

var raceEstate = []raceStep{
	{"CreateFirstAdminToken", func(w *raceWorld) (any, error) {
		token, needed, err := w.CreateFirstAdminToken(w.ctx)
		w.text["link"] = token
		return needed, err
	}},
	{"ConsumeFirstAdminToken", func(w *raceWorld) (any, error) {
		id, err := w.ConsumeFirstAdminToken(w.ctx, core.System, w.text["link"],
			FirstAdmin{Login: "chief", Name: "首任管理员", Password: testPassword})
		return w.keep("first", id, err)
	}},
	{"CreateCommunity", func(w *raceWorld) (any, error) {
		id, err := w.CreateCommunity(w.ctx, raceBy, core.Community{Name: "翠湖花园", Levels: core.DefaultLevels()})
		return w.keep("here", id, err)
	}},
	{"CreateCommunity", func(w *raceWorld) (any, error) {
		id, err := w.CreateCommunity(w.ctx, raceBy, core.Community{Name: "海棠苑", Levels: core.DefaultLevels()})
		return w.keep("there", id, err)
	}},
	{"UpdateCommunity", func(w *raceWorld) (any, error) {
		c, err := w.Community(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return nil, err
		}
		c.Address = "湖滨路 1 号"
		return w.UpdateCommunity(w.ctx, raceBy, everywhere, c)
	}},
	{"ArchiveCommunity", func(w *raceWorld) (any, error) {
		return nil, w.ArchiveCommunity(w.ctx, raceBy, everywhere, w.ids["there"])
	}},
	{"RestoreCommunity", func(w *raceWorld) (any, error) {
		return nil, w.RestoreCommunity(w.ctx, raceBy, everywhere, w.ids["there"])
	}},
	{"RemoveCommunity", func(w *raceWorld) (any, error) {
		return nil, w.RemoveCommunity(w.ctx, raceBy, everywhere, w.ids["there"])
	}},
	{"CreateHouses", func(w *raceWorld) (any, error) {
		places := [][]string{{"1", "1", "101"}, {"1", "1", "102"}, {"2", "1", "101"}}
		ids, err := w.CreateHouses(w.ctx, raceBy, everywhere, w.ids["here"], places)
		if err != nil {
			return nil, err
		}
		w.ids["house"], w.ids["second house"], w.ids["third house"] = ids[0], ids[1], ids[2]
		return ids, nil
	}},
	{"CreateMissingHouses", func(w *raceWorld) (any, error) {
		batch, err := w.CreateMissingHouses(w.ctx, raceBy, everywhere, w.ids["here"], [][]string{{"1", "1", "101"}, {"3", "1", "101"}})
		return w.keepBatch("houses", batch, err)
	}},
	{"UpdateHouse", func(w *raceWorld) (any, error) {
		change := HouseChange{Names: []string{"1", "2", "102"}, ArrearsFen: 500}
		return w.UpdateHouse(w.ctx, raceBy, everywhere, w.ids["second house"], change)
	}},
	{"MoveHouses", func(w *raceWorld) (any, error) {
		tree, err := w.BuildingTree(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return nil, err
		}
		move := core.HouseMove{Node: tree[0].ID, Parent: core.NoMove, Name: "12栋"}
		plan, err := w.PlanMove(w.ctx, everywhere, w.ids["here"], move)
		if err != nil {
			return nil, err
		}
		batch, err := w.MoveHouses(w.ctx, raceBy, everywhere, w.ids["here"], move, plan.Seen)
		return w.keepBatch("moved houses", batch, err)
	}},
	{"UndoBatch", raceUndo("moved houses")},
	{"UpdateOwnersReview", func(w *raceWorld) (any, error) {
		yes := true
		change := OwnersReviewChange{Community: w.ids["here"], House: w.ids["second house"], Allowed: &yes}
		return nil, w.UpdateOwnersReview(w.ctx, raceBy, everywhere, change)
	}},
	{"RemoveHouse", func(w *raceWorld) (any, error) {
		return nil, w.RemoveHouse(w.ctx, raceBy, everywhere, w.ids["third house"])
	}},
	{"RemoveNode", func(w *raceWorld) (any, error) {
		ids, err := w.CreateHouses(w.ctx, raceBy, everywhere, w.ids["here"], [][]string{{"99", "1", "101"}})
		if err != nil {
			return nil, err
		}
		h, err := w.House(w.ctx, everywhere, ids[0])
		if err != nil {
			return nil, err
		}
		node, err := w.BuildingNode(w.ctx, everywhere, h.Node)
		if err != nil {
			return nil, err
		}
		return nil, w.RemoveNode(w.ctx, raceBy, everywhere, node)
	}},
	{"WarnLeases", func(w *raceWorld) (any, error) { return nil, w.WarnLeases(w.ctx) }},
	{"EndLeases", func(w *raceWorld) (any, error) { return nil, w.EndLeases(w.ctx) }},
	{"UpdatePassRule", func(w *raceWorld) (any, error) {
		rule, err := w.PassRule(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return nil, err
		}
		rule.Exits, rule.PeriodDays = 2, 1
		return nil, w.UpdatePassRule(w.ctx, raceBy, everywhere, rule)
	}},
	{"UpdateExitRule", func(w *raceWorld) (any, error) {
		rule, err := w.ExitRule(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return nil, err
		}
		rule.Hours, rule.Reviewer = 5, core.ExitByOwner
		return nil, w.UpdateExitRule(w.ctx, raceBy, everywhere, rule)
	}},
	{"UpdateVisitorRule", func(w *raceWorld) (any, error) {
		rule, err := w.VisitorRule(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return nil, err
		}
		rule.PerDay = 3
		return nil, discard(w.UpdateVisitorRule(w.ctx, raceBy, everywhere, rule))
	}},
	{"CreateRestrictions", func(w *raceWorld) (any, error) {
		r := core.Restriction{Exits: 1, Reason: "居家观察"}
		batch, err := w.CreateRestrictions(
			w.ctx, raceBy, everywhere,
			RestrictionChange{Community: w.ids["here"], Houses: []core.ID{w.ids["house"]}, Restriction: r},
		)
		return w.keepBatch("restriction", batch, err)
	}},
	{"TellOfRestrictions", func(w *raceWorld) (any, error) {
		w.clock.Add(RestrictionNoteDelay)
		return nil, w.TellOfRestrictions(w.ctx)
	}},
	{"TellOfRestrictionsOver", func(w *raceWorld) (any, error) {
		if _, err := w.beside.ExecContext(w.ctx, "UPDATE house_restriction SET due_day = 1"); err != nil {
			return nil, err
		}
		return nil, w.TellOfRestrictionsOver(w.ctx)
	}},
	{"LiftRestriction", func(w *raceWorld) (any, error) {
		batch, err := w.LiftRestriction(w.ctx, raceBy, everywhere, w.ids["house"])
		return w.keepBatch("lift", batch, err)
	}},
	{"PlanUndo", func(w *raceWorld) (any, error) {
		kept, whole, err := w.PlanUndo(w.ctx, everywhere, w.ids["lift batch"])
		if err == nil && !whole {
			err = core.Invalid("a small batch is planned in part")
		}
		return len(kept), err
	}},
	{"UndoBatch", raceUndo("lift")},
	{"LiftRestrictions", func(w *raceWorld) (any, error) {
		batch, err := w.LiftRestrictions(w.ctx, raceBy, everywhere, w.ids["here"], []core.ID{w.ids["house"]})
		return w.keepBatch("lift", batch, err)
	}},
	{"UndoBatch", raceUndo("lift")},
	{"UndoBatch", raceUndo("restriction")},
	{"SchedulePassRule", raceSchedule("passrule", func(w *raceWorld, from core.Day) (core.ID, error) {
		rule, err := w.PassRule(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return 0, err
		}
		rule.Exits = 3
		return w.SchedulePassRule(w.ctx, raceBy, everywhere, rule, core.RulePlanTerm{From: from, Until: from + 5})
	})},
	{"ScheduleVisitorRule", raceSchedule("visitorrule", func(w *raceWorld, from core.Day) (core.ID, error) {
		rule, err := w.VisitorRule(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return 0, err
		}
		return w.ScheduleVisitorRule(w.ctx, raceBy, everywhere, rule, core.RulePlanTerm{From: from})
	})},
	{"ScheduleExitRule", raceSchedule("exitrule", func(w *raceWorld, from core.Day) (core.ID, error) {
		rule, err := w.ExitRule(w.ctx, everywhere, w.ids["here"])
		if err != nil {
			return 0, err
		}
		return w.ScheduleExitRule(w.ctx, raceBy, everywhere, rule, core.RulePlanTerm{From: from})
	})},
	{"ScheduleRestrictions", raceSchedule("restriction", func(w *raceWorld, from core.Day) (core.ID, error) {
		return w.ScheduleRestrictions(w.ctx, raceBy, everywhere, RestrictionChange{
			Community: w.ids["here"], Houses: []core.ID{w.ids["house"]}, Restriction: core.Restriction{Exits: 1, Reason: "居家观察"},
		}, from)
	})},
	{"CancelRulePlan", func(w *raceWorld) (any, error) {
		return nil, w.CancelRulePlan(w.ctx, raceBy, everywhere, w.ids["exitrule plan"])
	}},
	{"CarryOutRulePlans", func(w *raceWorld) (any, error) {
		w.clock.Add(24 * time.Hour)
		err := w.CarryOutRulePlans(w.ctx)
		if err != nil {
			return nil, err
		}
		p, err := w.RulePlan(w.ctx, everywhere, w.ids["restriction plan"])
		w.ids["restriction batch"] = p.Batch
		return p.State, err
	}},
	{"EndRulePlan", func(w *raceWorld) (any, error) {
		return w.EndRulePlan(w.ctx, raceBy, everywhere, w.ids["passrule plan"])
	}},
	{"UndoBatch", raceUndo("restriction")},
	{"UndoBatch", raceUndo("houses")},
}

// raceSchedule schedules a change of a stem for tomorrow.
func raceSchedule(stem string, schedule func(w *raceWorld, from core.Day) (core.ID, error)) func(w *raceWorld) (any, error) {
	return func(w *raceWorld) (any, error) {
		id, err := schedule(w, core.DayOf(w.Now(), w.zone)+1)
		return w.keep(stem+" plan", id, err)
	}
}

var racePeople = []raceStep{
	{"CreateResident", func(w *raceWorld) (any, error) {
		id, err := w.CreateResident(w.ctx, raceBy, everywhere, core.Resident{
			Community: w.ids["here"], House: w.ids["house"], Name: "张三", Identity: core.Owner, Phone: "13800138000",
		})
		return w.keep("resident", id, err)
	}},
	{"CreateResidents", func(w *raceWorld) (any, error) {
		ids, err := w.CreateResidents(w.ctx, raceBy, everywhere, w.ids["here"], []core.Resident{
			{House: w.ids["house"], Name: "李四", Identity: core.Family, Phone: "13800138001"},
			{House: w.ids["second house"], Name: "王五", Identity: core.Owner, Phone: "13800138002"},
			{House: w.ids["second house"], Name: "赵六", Identity: core.Family, Phone: "13800138003"},
		})
		if err != nil {
			return nil, err
		}
		w.ids["second"], w.ids["third"], w.ids["fourth"] = ids[0], ids[1], ids[2]
		return ids, nil
	}},
	{"UpdateResident", func(w *raceWorld) (any, error) {
		change := ResidentChange{Name: "张三丰", Identity: core.Owner, Phone: "13800138009"}
		return w.UpdateResident(w.ctx, raceBy, everywhere, w.ids["resident"], change)
	}},
	{"CertifyResident", func(w *raceWorld) (any, error) {
		how := core.Certification{How: core.CertifiedByIDCard}
		return w.CertifyResident(w.ctx, raceBy, everywhere, w.ids["resident"], time.Time{}, how)
	}},
	{"WithdrawCertification", func(w *raceWorld) (any, error) {
		return w.WithdrawCertification(w.ctx, raceBy, everywhere, Withdrawal{Resident: w.ids["resident"], Reason: "登记有误"})
	}},
	{"RevealResident", func(w *raceWorld) (any, error) {
		r, err := w.RevealResident(w.ctx, raceBy, everywhere, w.ids["resident"])
		return r.Phone, err
	}},
	{"SignInWechat", func(w *raceWorld) (any, error) {
		user, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "o-1"})
		return w.keep("user", user.ID, err)
	}},
	{"SignInWechat", func(w *raceWorld) (any, error) {
		user, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "o-1", UnionID: "u-1"})
		return user.ID, err
	}},
	{"BindPhone", func(w *raceWorld) (any, error) {
		return w.BindPhone(w.ctx, w.ids["user"], "13800138009", "")
	}},
	{"ConfirmName", func(w *raceWorld) (any, error) { return w.ConfirmName(w.ctx, w.ids["user"], "钱七") }},
	{"SignInWechat", func(w *raceWorld) (any, error) {
		user, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "o-2"})
		return w.keep("scanner", user.ID, err)
	}},
	{"UpdateFollowed", func(w *raceWorld) (any, error) {
		return nil, w.UpdateFollowed(w.ctx, core.WechatIdentity{AppID: "wx2", OpenID: "f-1", UnionID: "u-1"}, true)
	}},
	{"MoveOut", func(w *raceWorld) (any, error) {
		return nil, w.MoveOut(w.ctx, raceBy, everywhere, w.ids["second"])
	}},
	{"MoveOutAll", func(w *raceWorld) (any, error) {
		batch, err := w.MoveOutAll(w.ctx, raceBy, everywhere, []core.ID{w.ids["third"]})
		return w.keepBatch("left", batch, err)
	}},
	{"UndoBatch", raceUndo("left")},
	{"RestoreResident", func(w *raceWorld) (any, error) {
		return nil, w.RestoreResident(w.ctx, raceBy, everywhere, w.ids["second"])
	}},
	{"MoveOut", func(w *raceWorld) (any, error) {
		return nil, w.MoveOut(w.ctx, raceBy, everywhere, w.ids["second"])
	}},
	{"RemoveResidents", func(w *raceWorld) (any, error) {
		return nil, w.RemoveResidents(w.ctx, raceBy, everywhere, []core.ID{w.ids["fourth"]})
	}},
}

var raceGate = []raceStep{
	{"CreateGuardPost", func(w *raceWorld) (any, error) {
		id, err := w.CreateGuardPost(w.ctx, raceBy, everywhere, core.GuardPost{Community: w.ids["here"], Name: "东门岗", Direction: core.Out})
		return w.keep("post", id, err)
	}},
	{"UpdateGuardPost", func(w *raceWorld) (any, error) {
		return w.UpdateGuardPost(w.ctx, raceBy, everywhere, core.GuardPost{ID: w.ids["post"], Name: "西门岗", Direction: core.In})
	}},
	{"DisableGuardPost", func(w *raceWorld) (any, error) {
		return nil, w.DisableGuardPost(w.ctx, raceBy, everywhere, w.ids["post"])
	}},
	{"CreateGuard", func(w *raceWorld) (any, error) {
		id, err := w.CreateGuard(w.ctx, raceBy, everywhere, core.Guard{
			Community: w.ids["here"], Name: "李师傅", Phone: "13900000001", Posts: []core.ID{w.ids["post"]},
		})
		return w.keep("guard", id, err)
	}},
	{"UpdateGuard", func(w *raceWorld) (any, error) {
		return w.UpdateGuard(w.ctx, raceBy, everywhere, core.Guard{ID: w.ids["guard"], Name: "王师傅", Phone: "13900000002"})
	}},
	{"EnableGuardPost", func(w *raceWorld) (any, error) {
		return nil, w.EnableGuardPost(w.ctx, raceBy, everywhere, w.ids["post"])
	}},
	{"DisableGuard", func(w *raceWorld) (any, error) {
		return nil, w.DisableGuard(w.ctx, raceBy, everywhere, w.ids["guard"])
	}},
	{"EnableGuard", func(w *raceWorld) (any, error) {
		return nil, w.EnableGuard(w.ctx, raceBy, everywhere, w.ids["guard"])
	}},
	{"CreateGuard", func(w *raceWorld) (any, error) {
		id, err := w.CreateGuard(w.ctx, raceBy, everywhere, core.Guard{
			Community: w.ids["here"], Name: "周师傅", Phone: "13900000012", Posts: []core.ID{w.ids["post"]},
		})
		return w.keep("shift guard", id, err)
	}},
	{"CreateGuardShift", raceShift},
	{"HandOverGuardShift", func(w *raceWorld) (any, error) {
		shift, err := w.HandOverGuardShift(w.ctx, raceBy, everywhere, w.ids["shift guard"], w.ids["shift"], "南门灯坏了")
		return []any{shift.State, shift.Note}, err
	}},
	{"RecordLate", func(w *raceWorld) (any, error) {
		out, err := w.RecordLate(w.ctx, everywhere, ScanAttempt{
			Post: w.ids["post"], Direction: core.In, TokenDigest: "late",
			Late: &LatePassage{Ago: time.Minute, Name: "送水工", Reason: "断网"},
		})
		return out.Record.Note, err
	}},
	{"PurgeGuardShifts", func(w *raceWorld) (any, error) { return nil, w.PurgeGuardShifts(w.ctx, w.Now().Add(-time.Hour)) }},
	{"CreateObserver", func(w *raceWorld) (any, error) {
		id, err := w.CreateObserver(w.ctx, raceBy, everywhere, core.Observer{
			Name: "赵警官", Capacity: "社区民警", Phone: "13900000003", Communities: []core.ID{w.ids["here"]},
		})
		return w.keep("observer", id, err)
	}},
	{"UpdateObserver", func(w *raceWorld) (any, error) {
		return w.UpdateObserver(w.ctx, raceBy, everywhere, core.Observer{
			ID: w.ids["observer"], Name: "钱警官", Capacity: "社区民警", MayExport: true, Communities: []core.ID{w.ids["here"]},
		})
	}},
	{"CreateInstitution", func(w *raceWorld) (any, error) {
		id, err := w.CreateInstitution(w.ctx, raceBy, everywhere, core.Institution{
			Name: "顺丰速运", Communities: []core.ID{w.ids["here"]},
		})
		return w.keep("institution", id, err)
	}},
	{"UpdateInstitution", func(w *raceWorld) (any, error) {
		return w.UpdateInstitution(w.ctx, raceBy, everywhere, core.Institution{
			ID: w.ids["institution"], Name: "圆通速递", Remark: "合同到年底", Communities: []core.ID{w.ids["here"]},
		})
	}},
	{"CreateMember", func(w *raceWorld) (any, error) {
		id, err := w.CreateMember(w.ctx, raceBy, everywhere, core.Member{
			Institution: w.ids["institution"], Name: "骑手甲", Phone: "13700137088", From: today(w.Store), Until: today(w.Store) + 30,
		})
		return w.keep("rider", id, err)
	}},
	{"UpdateMember", func(w *raceWorld) (any, error) {
		return w.UpdateMember(w.ctx, raceBy, everywhere, core.Member{
			ID: w.ids["rider"], Name: "骑手乙", Phone: "13700137089", IDNumber: "11010519491231002X",
			From: today(w.Store), Until: today(w.Store) + 3,
		})
	}},
	{"UpdateMemberPhoto", func(w *raceWorld) (any, error) {
		picture := core.NewPhoto{Class: core.PhotoPersonal, Whole: []byte("w"), Thumb: []byte("t")}
		return nil, w.UpdateMemberPhoto(w.ctx, raceBy, everywhere, w.ids["rider"], core.MemberFace, &picture)
	}},
	{"MemberPhoto", func(w *raceWorld) (any, error) {
		m, err := w.Member(w.ctx, everywhere, w.ids["rider"])
		if err != nil {
			return nil, err
		}
		return w.MemberPhoto(w.ctx, raceBy, everywhere, m.Photos[core.MemberFace], core.PhotoWhole)
	}},
	{"UpdateMemberPhoto", func(w *raceWorld) (any, error) {
		return nil, w.UpdateMemberPhoto(w.ctx, raceBy, everywhere, w.ids["rider"], core.MemberFace, nil)
	}},
	{"WarnMembers", func(w *raceWorld) (any, error) { return nil, w.WarnMembers(w.ctx) }},
	{"RenewMembers", func(w *raceWorld) (any, error) {
		b, err := w.RenewMembers(w.ctx, raceBy, everywhere, []core.ID{w.ids["rider"]}, 6, "")
		return b.Size, err
	}},
	{"DisableMember", func(w *raceWorld) (any, error) {
		return nil, w.DisableMember(w.ctx, raceBy, everywhere, w.ids["rider"])
	}},
	{"EnableMember", func(w *raceWorld) (any, error) {
		return nil, w.EnableMember(w.ctx, raceBy, everywhere, w.ids["rider"])
	}},
	{"DisableInstitution", func(w *raceWorld) (any, error) {
		return nil, w.DisableInstitution(w.ctx, raceBy, everywhere, w.ids["institution"])
	}},
	{"EnableInstitution", func(w *raceWorld) (any, error) {
		return nil, w.EnableInstitution(w.ctx, raceBy, everywhere, w.ids["institution"])
	}},
	{"RemoveMember", func(w *raceWorld) (any, error) {
		id, err := w.CreateMember(w.ctx, raceBy, everywhere, core.Member{
			Institution: w.ids["institution"], Name: "骑手丙", Phone: "13700137077", From: today(w.Store), Until: today(w.Store) + 30,
		})
		if err != nil {
			return nil, err
		}
		return nil, w.RemoveMember(w.ctx, raceBy, everywhere, id)
	}},
	{"RemoveInstitution", func(w *raceWorld) (any, error) {
		id, err := w.CreateInstitution(w.ctx, raceBy, everywhere, core.Institution{Name: "误加", Communities: []core.ID{w.ids["here"]}})
		if err != nil {
			return nil, err
		}
		return nil, w.RemoveInstitution(w.ctx, raceBy, everywhere, id)
	}},
	{"CreateBindTicket", raceTicket},
	{"RefuseBindTicket", func(w *raceWorld) (any, error) { return nil, w.RefuseBindTicket(w.ctx, w.text["scene"]) }},
	{"CreateBindTicket", raceTicket},
	{"ApproveBindTicket", func(w *raceWorld) (any, error) {
		by, scan := core.Actor{Kind: core.ActorWechat, ID: w.ids["scanner"]}, BindScan{Scene: w.text["scene"], User: w.ids["scanner"]}
		return nil, w.ApproveBindTicket(w.ctx, by, scan, w.text["code"])
	}},
	{"RemoveObserver", func(w *raceWorld) (any, error) {
		return nil, w.RemoveObserver(w.ctx, raceBy, everywhere, w.ids["observer"])
	}},
	{"CreateReader", func(w *raceWorld) (any, error) {
		id, secret, err := w.CreateReader(w.ctx, raceBy, everywhere, aReader(w.ids["here"], "A1"))
		if err == nil {
			_, err = w.ReaderBySecret(w.ctx, core.ProtocolVguang, secret)
		}
		return w.keep("reader", id, err)
	}},
	{"UpdateReader", func(w *raceWorld) (any, error) {
		r, err := w.Reader(w.ctx, everywhere, w.ids["reader"])
		if err != nil {
			return nil, err
		}
		r.Name = "西门出口"
		return w.UpdateReader(w.ctx, raceBy, everywhere, r)
	}},
	{"RotateReaderSecret", func(w *raceWorld) (any, error) {
		secret, err := w.RotateReaderSecret(w.ctx, raceBy, everywhere, w.ids["reader"])
		w.text["reader"] = secret
		return nil, err
	}},
	{"RevealReaderSecret", func(w *raceWorld) (any, error) {
		secret, err := w.RevealReaderSecret(w.ctx, raceBy, everywhere, w.ids["reader"])
		return secret == w.text["reader"], err
	}},
	{"RevealReaderSecrets", func(w *raceWorld) (any, error) {
		secrets, err := w.RevealReaderSecrets(w.ctx, raceBy, everywhere, []core.ID{w.ids["reader"]})
		return secrets[w.ids["reader"]] == w.text["reader"], err
	}},
	{"DisableReader", func(w *raceWorld) (any, error) {
		return nil, w.DisableReader(w.ctx, raceBy, everywhere, w.ids["reader"])
	}},
	{"EnableReader", func(w *raceWorld) (any, error) {
		return nil, w.EnableReader(w.ctx, raceBy, everywhere, w.ids["reader"])
	}},
	{"RecordOfDevice", func(w *raceWorld) (any, error) {
		r, err := w.RecordOfDevice(w.ctx, w.ids["reader"], core.DeviceRecord{Number: 7, Clock: w.Now().Unix(), Type: 3, Opened: true})
		return []any{r.Allowed, r.Reason}, err
	}},
	{"SwitchReadersQR", func(w *raceWorld) (any, error) {
		batch, err := w.SwitchReadersQR(w.ctx, raceBy, everywhere, ReaderQR{Readers: []core.ID{w.ids["reader"]}, Allowed: false})
		return w.keepBatch("switched", batch, err)
	}},
	{"UndoBatch", raceUndo("switched")},
	{"PermitReaders", func(w *raceWorld) (any, error) {
		r, err := w.Reader(w.ctx, everywhere, w.ids["reader"])
		if err != nil {
			return nil, err
		}
		p := r.Permission()
		p.Kinds = []core.PassKind{core.PassResident}
		done, err := w.PermitReaders(w.ctx, raceBy, everywhere, []core.ReaderPermission{p})
		return w.keepBatch("permitted", done.Batch, err)
	}},
	{"UndoBatch", raceUndo("permitted")},
	{"CreateReaderGroup", func(w *raceWorld) (any, error) {
		id, err := w.CreateReaderGroup(w.ctx, raceBy, everywhere, core.ReaderGroup{
			Community: w.ids["here"], Name: "一期", Readers: []core.ID{w.ids["reader"]},
		})
		return w.keep("readergroup", id, err)
	}},
	{"UpdateReaderGroup", func(w *raceWorld) (any, error) {
		g, err := w.ReaderGroup(w.ctx, everywhere, w.ids["readergroup"])
		if err != nil {
			return nil, err
		}
		g.Name, g.Readers = "二期", nil
		return w.UpdateReaderGroup(w.ctx, raceBy, everywhere, g)
	}},
	{"RemoveReaderGroup", func(w *raceWorld) (any, error) {
		return nil, w.RemoveReaderGroup(w.ctx, raceBy, everywhere, w.ids["readergroup"])
	}},
	{"CreateReader", func(w *raceWorld) (any, error) {
		r := aReader(w.ids["here"], "V1")
		r.Protocol = core.ProtocolVbar
		id, _, err := w.CreateReader(w.ctx, raceBy, everywhere, r)
		return w.keep("commanded", id, err)
	}},
	{"CreateDoorCommand", raceOrder},
	{"TakeDoorCommands", func(w *raceWorld) (any, error) {
		return w.TakeDoorCommands(w.ctx, func(core.ID) bool { return true }, w.Now())
	}},
	{"AnswerDoorCommand", func(w *raceWorld) (any, error) {
		return w.AnswerDoorCommand(w.ctx, w.ids["commanded"], 1, true, w.Now())
	}},
	{"CreateDoorCommand", raceOrder},
	{"EndDoorCommands", func(w *raceWorld) (any, error) { return nil, w.EndDoorCommands(w.ctx, w.Now().Add(core.CommandLife)) }},
	{"ImportAccessRecords", func(w *raceWorld) (any, error) {
		record := core.AccessRecord{
			Community: w.ids["here"], At: w.Now(), Via: core.ViaReader, Reader: w.ids["reader"], Gate: "东门", Direction: core.Out,
			Kind: core.PassResident, Pass: 77, Name: "张三", HouseLabel: "1栋101", TempTenths: 391, Reason: core.ReasonFever,
		}
		return nil, w.ImportAccessRecords(w.ctx, []core.AccessRecord{record})
	}},
	{"Reopen", func(w *raceWorld) (any, error) {
		record := core.AccessRecord{
			Community: w.ids["here"], At: w.Now(), Via: core.ViaReader, Reader: w.ids["reader"], Gate: "东门", Direction: core.Out,
			Kind: core.PassResident, Pass: 78, Name: "张三", HouseLabel: "1栋101", Allowed: true, Reason: core.ReasonAllowed,
		}
		if err := w.ImportAccessRecords(w.ctx, []core.AccessRecord{record}); err != nil {
			return nil, err
		}
		return w.Reopen(w.ctx, w.newestRecord(), time.Second, 1)
	}},
	{"PurgeDoubt", func(w *raceWorld) (any, error) { return w.PurgeDoubt(w.ctx, w.Now().Add(-time.Hour)) }},
	{"CheckWrite", func(w *raceWorld) (any, error) { return nil, w.CheckWrite(w.ctx) }},
	{"RaiseAccessAlerts", func(w *raceWorld) (any, error) {
		w.clock.Add(time.Minute)
		return nil, w.RaiseAccessAlerts(w.ctx)
	}},
	{"HandleAccessAlerts", func(w *raceWorld) (any, error) {
		list, _, err := w.AccessAlerts(w.ctx, everywhere, core.AccessAlertFilter{}, Page{Limit: 1})
		if err != nil || len(list) == 0 {
			return "no alert", err
		}
		batch, err := w.HandleAccessAlerts(w.ctx, raceBy, everywhere, []core.ID{list[0].ID}, "已处理")
		return w.keepBatch("handled", batch, err)
	}},
	{"UndoBatch", raceUndo("handled")},
	{"SearchAccessRecords", func(w *raceWorld) (any, error) {
		records, more, err := w.SearchAccessRecords(w.ctx, raceLooker, everywhere, RecordSearch{Page: Page{Limit: 9}})
		return []any{len(records), more}, err
	}},
	{"ExportAccessRecords", func(w *raceWorld) (any, error) {
		n := 0
		err := w.ExportAccessRecords(w.ctx, raceLooker, everywhere, core.RecordFilter{}, func(core.AccessRecord) error { n++; return nil })
		return n, err
	}},
	{"SearchAccessRecords", func(w *raceWorld) (any, error) {
		found, more, err := w.SearchAccessRecords(w.ctx, raceLooker, everywhere, RecordSearch{Page: Page{Limit: 50}})
		return []any{len(found), more}, err
	}},
	{"EndResidentSessions", func(w *raceWorld) (any, error) {
		return w.EndResidentSessions(w.ctx, raceBy, everywhere, w.ids["resident"])
	}},
	{"PurgeAccessAlerts", func(w *raceWorld) (any, error) {
		return nil, w.PurgeAccessAlerts(w.ctx, w.Now().Add(time.Hour))
	}},
	{"PurgeAccessRecords", func(w *raceWorld) (any, error) {
		return w.PurgeAccessRecords(w.ctx, w.Now().Add(time.Hour))
	}},
}

func raceTicket(w *raceWorld) (any, error) {
	ticket, err := w.CreateBindTicket(w.ctx, raceBy, everywhere, BindTarget{Kind: core.BindGuard, ID: w.ids["guard"]})
	w.text["scene"], w.text["code"] = ticket.Scene, ticket.Code
	return ticket.Expires, err
}

var raceAccounts = []raceStep{
	{"CreateAccount", func(w *raceWorld) (any, error) {
		id, err := w.CreateAccount(w.ctx, core.SystemGranter, testAccount("zhang"), testPassword)
		return w.keep("account", id, err)
	}},
	{"UpdateAccount", func(w *raceWorld) (any, error) {
		a, err := w.Account(w.ctx, everywhere, w.ids["account"])
		if err != nil {
			return nil, err
		}
		a.Name, a.Scope = "张伟", core.ScopeOf(w.ids["here"])
		return w.UpdateAccount(w.ctx, core.SystemGranter, a)
	}},
	{"DisableAccount", func(w *raceWorld) (any, error) {
		return nil, w.DisableAccount(w.ctx, core.SystemGranter, w.ids["account"])
	}},
	{"EnableAccount", func(w *raceWorld) (any, error) {
		return nil, w.EnableAccount(w.ctx, core.SystemGranter, w.ids["account"])
	}},
	{"ResetPassword", func(w *raceWorld) (any, error) {
		return nil, w.ResetPassword(w.ctx, core.SystemGranter, w.ids["account"], "another-Password-2")
	}},
	{"SignIn", func(w *raceWorld) (any, error) {
		done, err := w.SignIn(w.ctx, signInAs("zhang", "another-Password-2", "home"))
		w.text["token"] = done.Token
		return done.Session.Subject, err
	}},
	{"Prove", func(w *raceWorld) (any, error) {
		return nil, w.Prove(w.ctx, Proof{Account: w.ids["account"], Password: "another-Password-2", Visit: visitFrom("home")})
	}},
	{"ChangePassword", func(w *raceWorld) (any, error) {
		session, err := w.SessionByToken(w.ctx, w.text["token"])
		if err != nil {
			return nil, err
		}
		return nil, w.ChangePassword(w.ctx, raceBy, PasswordChange{
			Session: session, Old: "another-Password-2", New: testPassword, Visit: visitFrom("home"),
		})
	}},
	{"StartSession", func(w *raceWorld) (any, error) {
		token, session, err := w.StartSession(w.ctx, NewSession{
			Kind: core.SessionAccount, Subject: w.ids["account"], Addr: "192.0.2.1", Life: visitFrom("home").Life,
		})
		if err == nil {
			_, err = w.SessionByToken(w.ctx, token)
		}
		return w.keep("session", session.ID, err)
	}},
	{"TouchSession", func(w *raceWorld) (any, error) {
		session, err := w.SessionByToken(w.ctx, w.text["token"])
		if err != nil {
			return nil, err
		}
		session.Seen = w.Now()
		return nil, w.TouchSession(w.ctx, session)
	}},
	{"EndOwnSession", func(w *raceWorld) (any, error) {
		return nil, w.EndOwnSession(w.ctx, w.ids["account"], w.ids["session"])
	}},
	{"EndOtherSessions", func(w *raceWorld) (any, error) {
		session, err := w.SessionByToken(w.ctx, w.text["token"])
		if err != nil {
			return nil, err
		}
		return nil, w.EndOtherSessions(w.ctx, raceBy, session)
	}},
	{"EndSession", func(w *raceWorld) (any, error) {
		session, err := w.SessionByToken(w.ctx, w.text["token"])
		if err != nil {
			return nil, err
		}
		return nil, w.EndSession(w.ctx, session.ID)
	}},
	{"EndResidentSessions", func(w *raceWorld) (any, error) {
		return w.EndResidentSessions(w.ctx, raceBy, everywhere, w.ids["resident"])
	}},
	{"EndSessions", func(w *raceWorld) (any, error) {
		return nil, w.EndSessions(w.ctx, raceBy, w.ids["user"])
	}},
	{"PurgeSessions", func(w *raceWorld) (any, error) {
		return w.PurgeSessions(w.ctx, w.Now().Add(time.Minute))
	}},
}

// raceTOTP turns the second step of the account on.
func raceTOTP(w *raceWorld) (any, error) {
	secret, err := w.WaitingTOTP(w.ctx, w.ids["account"])
	if err != nil {
		return nil, err
	}
	w.text["secret"] = string(secret)
	codes, err := w.ConfirmTOTP(w.ctx, raceBy, w.ids["account"], core.TOTPCode(secret, w.Now()))
	return len(codes), err
}

// raceCode is the account's next code.
func raceCode(w *raceWorld) string {
	w.clock.Add(time.Minute)
	return core.TOTPCode([]byte(w.text["secret"]), w.Now())
}

// raceLogin begins a WeChat sign-in, or a binding where account is not 0.
func raceLogin(account string) func(w *raceWorld) (any, error) {
	return func(w *raceWorld) (any, error) {
		token, code, err := w.BeginWechatLogin(w.ctx, NewWechatLogin{Account: w.ids[account], Browser: "secret", Addr: "192.0.2.1"})
		w.text["login"], w.text["code"] = token, code
		return nil, err
	}
}

func raceApprove(w *raceWorld) (any, error) {
	by := core.Actor{Kind: core.ActorWechat, ID: w.ids["user"]}
	return nil, w.ApproveWechatLogin(w.ctx, by, w.text["login"], w.text["code"])
}

var raceSecond = []raceStep{
	{"BeginTOTP", func(w *raceWorld) (any, error) { return nil, w.BeginTOTP(w.ctx, w.ids["account"]) }},
	{"ConfirmTOTP", raceTOTP},
	{"SignIn", func(w *raceWorld) (any, error) {
		done, err := w.SignIn(w.ctx, signInAs("zhang", testPassword, "home"))
		w.text["pending"] = done.Pending
		return done.Token, err
	}},
	{"ConfirmSignIn", func(w *raceWorld) (any, error) {
		done, err := w.ConfirmSignIn(w.ctx, w.text["pending"], raceCode(w), visitFrom("home"))
		return done.Session.Subject, err
	}},
	{"EndTOTP", func(w *raceWorld) (any, error) {
		proof := Proof{Account: w.ids["account"], Password: testPassword, Visit: visitFrom("home")}
		return nil, w.EndTOTP(w.ctx, raceBy, proof, raceCode(w))
	}},
	{"BeginTOTP", func(w *raceWorld) (any, error) { return nil, w.BeginTOTP(w.ctx, w.ids["account"]) }},
	{"ConfirmTOTP", raceTOTP},
	{"ResetTOTP", func(w *raceWorld) (any, error) { return nil, w.ResetTOTP(w.ctx, core.SystemGranter, w.ids["account"]) }},
	{"BeginWechatLogin", raceLogin("account")},
	{"ApproveWechatLogin", raceApprove},
	{"BeginWechatLogin", raceLogin("nobody")},
	{"ApproveWechatLogin", raceApprove},
	{"FinishWechatLogin", func(w *raceWorld) (any, error) {
		done, err := w.FinishWechatLogin(w.ctx, w.text["login"], "secret", visitFrom("home"))
		return done.Session.Subject, err
	}},
	{"BeginWechatLogin", raceLogin("nobody")},
	{"RefuseWechatLogin", func(w *raceWorld) (any, error) { return nil, w.RefuseWechatLogin(w.ctx, w.text["login"]) }},
	{"UnbindAccount", func(w *raceWorld) (any, error) {
		return nil, w.UnbindAccount(w.ctx, core.Actor{Kind: core.ActorAccount, ID: w.ids["account"]})
	}},
	{"BeginWechatLogin", raceLogin("account")},
	{"ApproveWechatLogin", raceApprove},
	{"UnbindAccountOf", func(w *raceWorld) (any, error) {
		return nil, w.UnbindAccountOf(w.ctx, core.SystemGranter, w.ids["account"])
	}},
}

var raceRest = []raceStep{
	{"CreateStaff", func(w *raceWorld) (any, error) {
		id, err := w.CreateStaff(w.ctx, raceBy, everywhere, core.Staff{
			Name: "李娜", Sex: "female", Position: "客服", Phone: "13700000001", Communities: []core.ID{w.ids["here"]},
		}, []string{"工程部", "维修组"})
		return w.keep("staff", id, err)
	}},
	{"UpdateStaff", func(w *raceWorld) (any, error) {
		m, err := w.Staff(w.ctx, everywhere, w.ids["staff"])
		if err != nil {
			return nil, err
		}
		m.Name, m.Phone = "李娜娜", ""
		return w.UpdateStaff(w.ctx, raceBy, everywhere, m, []string{"客服部"})
	}},
	{"BindStaffPhone", func(w *raceWorld) (any, error) {
		return nil, w.BindStaffPhone(w.ctx, raceBy, w.ids["staff"], "13700000009")
	}},
	{"LinkStaffAccount", func(w *raceWorld) (any, error) {
		by := core.Granter{Actor: raceBy, Holds: core.Account{ID: 9, Scope: everywhere, Operator: true, Permissions: core.Permissions()}}
		return nil, w.LinkStaffAccount(w.ctx, by, w.ids["staff"], w.ids["account"])
	}},
	{"DisableReminder", func(w *raceWorld) (any, error) {
		return nil, w.DisableReminder(w.ctx, core.SystemGranter, w.ids["first"])
	}},
	{"EnableReminder", func(w *raceWorld) (any, error) {
		return nil, w.EnableReminder(w.ctx, core.SystemGranter, w.ids["first"])
	}},
	{"RemoveStaff", func(w *raceWorld) (any, error) { return nil, w.RemoveStaff(w.ctx, raceBy, everywhere, w.ids["staff"]) }},
	{"UpdateSettings", func(w *raceWorld) (any, error) {
		return w.UpdateSettings(w.ctx, raceBy, core.Settings{
			RecordDays: 100, ConsoleIdleMinutes: 60, ReviewDays: 2, ReviewPhotoDays: 30,
		})
	}},
	{"SetSetting", func(w *raceWorld) (any, error) { return nil, w.SetSetting(w.ctx, "test", "value") }},
	{"CreateSavedView", func(w *raceWorld) (any, error) {
		id, err := w.CreateSavedView(w.ctx, core.SavedView{Account: w.ids["account"], Stem: "reader", Name: "离线", Query: "state=off"})
		return w.keep("view", id, err)
	}},
	{"UpdateSavedView", func(w *raceWorld) (any, error) {
		return nil, w.UpdateSavedView(w.ctx, core.SavedView{ID: w.ids["view"], Account: w.ids["account"], Name: "不在线"})
	}},
	{"RemoveSavedView", func(w *raceWorld) (any, error) { return nil, w.RemoveSavedView(w.ctx, w.ids["account"], w.ids["view"]) }},
	{"StartJob", raceJob},
	{"ClaimJob", raceClaim},
	{"StepJob", func(w *raceWorld) (any, error) { return nil, w.StepJob(w.ctx, "a", w.ids["job"], 1, 2) }},
	{"ReleaseJob", func(w *raceWorld) (any, error) { return nil, w.ReleaseJob(w.ctx, "a", w.ids["job"]) }},
	{"ClaimJob", raceClaim},
	{"EndJob", func(w *raceWorld) (any, error) {
		return nil, w.EndJob(w.ctx, "a", core.Job{ID: w.ids["job"], State: core.JobDone, Words: "完成"})
	}},
	{"StartJob", raceJob},
	{"CancelJob", func(w *raceWorld) (any, error) { return nil, w.CancelJob(w.ctx, jobOwner, w.ids["job"]) }},
	{"CreateAccount", func(w *raceWorld) (any, error) {
		a := testAccount("exporter")
		a.Permissions = []core.Permission{core.PermResidentExport}
		id, err := w.CreateAccount(w.ctx, core.SystemGranter, a, testPassword)
		return w.keep("exporter", id, err)
	}},
	{"CreateExport", raceExport},
	{"CancelJob", func(w *raceWorld) (any, error) {
		return nil, w.CancelJob(w.ctx, core.Actor{Kind: core.ActorAccount, ID: w.ids["exporter"]}, w.ids["export"])
	}},
	{"RepeatExport", func(w *raceWorld) (any, error) {
		id, err := w.RepeatExport(w.ctx, w.exporter(), w.ids["export"])
		return w.keep("export", id, err)
	}},
	{"ClaimJob", raceClaim},
	{"MakeExport", func(w *raceWorld) (any, error) {
		job := core.Job{ID: w.ids["export"], Account: w.ids["exporter"]}
		return w.MakeExport(w.ctx, job, writeNames(w.Store, "end"), anyStep)
	}},
	{"DownloadExport", func(w *raceWorld) (any, error) {
		e, _, err := w.DownloadExport(w.ctx, w.exporter(), w.ids["export"])
		return e.Rows, err
	}},
	{"CreateCommunity", func(w *raceWorld) (any, error) {
		id, err := w.CreateCommunity(w.ctx, raceBy, core.Community{Name: "导入小区", Levels: core.DefaultLevels()})
		return w.keep("imported", id, err)
	}},
	{"CreateImport", raceImport},
	{"ReadImport", raceRead("客户,栋,单元,房间\n孙三,7,1,101\n")},
	{"MapImport", func(w *raceWorld) (any, error) {
		imp, err := w.Import(w.ctx, everywhere, w.ids["import"])
		if err != nil {
			return nil, err
		}
		return nil, w.MapImport(w.ctx, raceBy, everywhere, imp.ID, ImportMapping{
			Columns: map[int]string{1: "level0", 2: "level1", 3: "level2"}, Updated: imp.Updated.UnixMilli(),
		})
	}},
	{"ReadImport", raceRead("客户,栋,单元,房间\n孙三,7,1,101\n")},
	{"WriteImport", raceWrite},
	{"ContinueImport", func(w *raceWorld) (any, error) {
		return nil, w.ContinueImport(w.ctx, raceBy, everywhere, w.ids["import"])
	}},
	{"WriteImportRows", func(w *raceWorld) (any, error) { return w.WriteImportRows(w.ctx, w.ids["import"], anyStep) }},
	{"PlanUndoImport", func(w *raceWorld) (any, error) {
		imp, err := w.Import(w.ctx, everywhere, w.ids["import"])
		if err != nil {
			return nil, err
		}
		kept, unread, err := w.PlanUndoImport(w.ctx, everywhere, imp)
		if err == nil && unread > 0 {
			err = core.Invalid("a small import is planned in part")
		}
		return len(kept), err
	}},
	{"UndoImport", func(w *raceWorld) (any, error) { return nil, w.UndoImport(w.ctx, raceBy, everywhere, w.ids["import"]) }},
	{"UndoImportRows", func(w *raceWorld) (any, error) { return w.UndoImportRows(w.ctx, w.ids["import"], anyStep) }},
	{"CreateImport", raceImport},
	{"ReadImport", raceRead("姓名,身份,手机,栋,单元,房间\n孙三,业主,13711110003,7,1,101\n李四,业主,1371111,7,1,101\n")},
	{"ImportFaultFile", func(w *raceWorld) (any, error) {
		file, err := w.ImportFaultFile(w.ctx, raceBy, everywhere, w.ids["import"])
		return len(file), err
	}},
	{"WriteImport", raceWrite},
	{"WriteImportRows", func(w *raceWorld) (any, error) { return w.WriteImportRows(w.ctx, w.ids["import"], anyStep) }},
	{"CreateImport", raceImport},
	{"CancelImport", func(w *raceWorld) (any, error) {
		return nil, w.CancelImport(w.ctx, raceBy, everywhere, w.ids["import"])
	}},
	{"PurgeImports", func(w *raceWorld) (any, error) {
		w.clock.Add(8 * 24 * time.Hour)
		return w.PurgeImports(w.ctx)
	}},
	{"CreateRehearsal", func(w *raceWorld) (any, error) {
		id, err := w.CreateRehearsal(w.ctx, raceBy, everywhere, w.ids["imported"], 5, core.RehearsalDraft{Rule: core.DefaultPassRule()})
		return w.keep("rehearsal", id, err)
	}},
	{"RunRehearsal", func(w *raceWorld) (any, error) { return w.RunRehearsal(w.ctx, w.ids["rehearsal"], anyStep) }},
	{"CancelRehearsal", func(w *raceWorld) (any, error) {
		return nil, w.CancelRehearsal(w.ctx, raceBy, everywhere, w.ids["rehearsal"])
	}},
	{"PurgeRehearsals", func(w *raceWorld) (any, error) {
		w.clock.Add(40 * 24 * time.Hour)
		return w.PurgeRehearsals(w.ctx)
	}},
	{"PurgeExports", func(w *raceWorld) (any, error) {
		w.clock.Add(2 * core.ExportLife)
		return w.PurgeExports(w.ctx)
	}},
	{"PurgeJobs", func(w *raceWorld) (any, error) {
		w.clock.Add(400 * 24 * time.Hour)
		return w.PurgeJobs(w.ctx)
	}},
	{"ExportHouses", func(w *raceWorld) (any, error) {
		n := 0
		err := w.ExportHouses(w.ctx, raceBy, everywhere, HouseFilter{}, func([]string, HouseRow) error { n++; return nil })
		return n, err
	}},
	{"ExportResidents", func(w *raceWorld) (any, error) {
		n := 0
		err := w.ExportResidents(w.ctx, raceBy, everywhere, ResidentFilter{}, ResidentExport{}, func(ResidentRow) error { n++; return nil })
		return n, err
	}},
	{"ExportAudit", func(w *raceWorld) (any, error) {
		n := 0
		err := w.ExportAudit(w.ctx, raceBy, everywhere, core.AuditFilter{}, func(core.AuditRecord) error { n++; return nil })
		return n, err
	}},
	{"UpdateWorkingCommunity", func(w *raceWorld) (any, error) {
		return nil, w.UpdateWorkingCommunity(w.ctx, w.ids["account"], w.ids["community"])
	}},
	{"UpdateStarred", func(w *raceWorld) (any, error) { return nil, w.UpdateStarred(w.ctx, w.ids["account"], "reader", true) }},
	{"UpdateGuideAway", func(w *raceWorld) (any, error) { return nil, w.UpdateGuideAway(w.ctx, w.ids["account"], true) }},
	{"UpdateToldOf", func(w *raceWorld) (any, error) {
		return nil, w.UpdateToldOf(w.ctx, w.ids["account"], Told{Muted: []core.MessageKind{core.MessageJob}, Digest: core.DigestHour})
	}},
	{"Opened", func(w *raceWorld) (any, error) {
		return nil, w.Opened(w.ctx, w.ids["account"], RecentView{Stem: "house", Subject: w.ids["house"]})
	}},
	{"UpdateToldUser", func(w *raceWorld) (any, error) {
		return nil, w.UpdateToldUser(w.ctx, w.ids["user"], core.ChannelInApp)
	}},
	{"ReadOwnMessages", func(w *raceWorld) (any, error) { return nil, w.ReadOwnMessages(w.ctx, w.ids["user"], w.NewID()) }},
	{"ReadNotices", func(w *raceWorld) (any, error) { return nil, w.ReadNotices(w.ctx, w.ids["account"], w.NewID()) }},
	{"ReadAccountNotices", func(w *raceWorld) (any, error) {
		return nil, w.ReadAccountNotices(w.ctx, w.ids["account"], w.NewID())
	}},
	{"CreateWechatProof", func(w *raceWorld) (any, error) {
		return nil, w.CreateWechatProof(w.ctx, WechatProof{Browser: "secret", Purpose: "test"}, w.ids["user"])
	}},
	{"VerifyAuditSteps", func(w *raceWorld) (any, error) {
		verdict, err := w.VerifyAuditSteps(w.ctx, AuditAnchor{}, func(int64, int64) error { return nil })
		return verdict.Good(), err
	}},
	{"VerifyAudit", func(w *raceWorld) (any, error) {
		verdict, err := w.VerifyAudit(w.ctx, AuditAnchor{})
		return verdict.Good(), err
	}},
}

var raceWechat = []raceStep{
	{"CreateWechatApp", func(w *raceWorld) (any, error) {
		app, keys := aWechatApp("e1", core.ScopeOf(w.ids["here"]))
		id, err := w.CreateWechatApp(w.ctx, raceBy, everywhere, KeyedWechatApp{app, keys})
		return w.keep("app", id, err)
	}},
	{"UpdateWechatApp", func(w *raceWorld) (any, error) {
		app, keys := aWechatApp("e1", core.Everywhere)
		app.ID = w.ids["app"]
		return w.UpdateWechatApp(w.ctx, raceBy, everywhere, KeyedWechatApp{app, keys})
	}},
	{"CreateWechatFile", func(w *raceWorld) (any, error) {
		id, err := w.CreateWechatFile(w.ctx, raceBy, core.WechatFile{Name: "MP_verify_AbCd1234.txt", Text: "AbCd1234"})
		return w.keep("file", id, err)
	}},
	{"NoteWechatFile", func(w *raceWorld) (any, error) { return nil, w.NoteWechatFile(w.ctx, w.ids["file"], "打不开") }},
	{"RemoveWechatFile", func(w *raceWorld) (any, error) { return nil, w.RemoveWechatFile(w.ctx, raceBy, w.ids["file"]) }},
	{"ClaimFollowerSync", func(w *raceWorld) (any, error) {
		turn, err := w.ClaimFollowerSync(w.ctx, "a")
		w.fans = turn
		return turn.Run != 0, err
	}},
	{"SyncFollowerTags", func(w *raceWorld) (any, error) {
		return nil, w.SyncFollowerTags(w.ctx, w.fans, []core.FollowerTag{{Number: 100, Name: "业主"}})
	}},
	{"SyncFollowers", func(w *raceWorld) (any, error) {
		return nil, w.SyncFollowers(w.ctx, w.fans, ToldFollowers{
			List:  []core.ToldFollower{{OpenID: "f-9", Follows: true, Since: time.UnixMilli(1), Tags: []int{100}}},
			Asked: w.Now(), Cursor: "f-9", Total: 1,
		})
	}},
	{"BeginFollowerChange", func(w *raceWorld) (any, error) {
		list, err := w.BeginFollowerChange(w.ctx, everywhere, []core.ID{w.follower()}, time.Time{})
		return len(list), err
	}},
	{"UpdateFollowerRemark", func(w *raceWorld) (any, error) {
		return w.UpdateFollowerRemark(w.ctx, raceBy, everywhere, core.Follower{ID: w.follower(), Remark: "王"})
	}},
	{"TagFollowers", func(w *raceWorld) (any, error) {
		b, err := w.TagFollowers(w.ctx, raceBy, everywhere, FollowersTagging{IDs: []core.ID{w.follower()}, Tag: 100, Off: true})
		return w.keepBatch("tagged", b, err)
	}},
	{"BeginTaggingUndo", func(w *raceWorld) (any, error) {
		b, err := w.Batch(w.ctx, everywhere, w.ids["tagged batch"])
		if err != nil {
			return nil, err
		}
		t, list, err := w.BeginTaggingUndo(w.ctx, everywhere, b)
		return []int{t.Tag, len(list)}, err
	}},
	{"UndoBatch", raceUndo("tagged")},
	{"CreateFollowerTag", func(w *raceWorld) (any, error) {
		id, err := w.CreateFollowerTag(w.ctx, raceBy, everywhere, core.FollowerTag{AppID: "wx00000000000000e1", Number: 101, Name: "租客"})
		return w.keep("tag", id, err)
	}},
	{"UpdateFollowerTag", func(w *raceWorld) (any, error) {
		return w.UpdateFollowerTag(w.ctx, raceBy, everywhere, core.FollowerTag{ID: w.ids["tag"], Name: "长租"})
	}},
	{"NoteFollowerTagGone", func(w *raceWorld) (any, error) {
		return nil, w.NoteFollowerTagGone(w.ctx, "wx00000000000000e1", 100)
	}},
	{"RemoveFollowerTag", func(w *raceWorld) (any, error) {
		return nil, w.RemoveFollowerTag(w.ctx, raceBy, everywhere, w.ids["tag"])
	}},
	{"RestartFollowerList", func(w *raceWorld) (any, error) { return nil, w.RestartFollowerList(w.ctx, w.fans) }},
	{"SyncFollowersGone", func(w *raceWorld) (any, error) { return w.SyncFollowersGone(w.ctx, w.fans, 10) }},
	{"PurgeExitSlips", func(w *raceWorld) (any, error) { return w.PurgeExitSlips(w.ctx, w.Now()) }},
	{"PurgeVisitorPasses", func(w *raceWorld) (any, error) {
		return w.PurgeVisitorPasses(w.ctx, w.Now().Add(time.Hour))
	}},
	{"PurgeHouseTransfers", func(w *raceWorld) (any, error) {
		return w.PurgeHouseTransfers(w.ctx, w.Now().Add(time.Hour))
	}},
	{"PurgeFollowers", func(w *raceWorld) (any, error) { return w.PurgeFollowers(w.ctx, w.Now().Add(time.Hour)) }},
	{"StopFollowerSync", func(w *raceWorld) (any, error) {
		return nil, w.StopFollowerSync(w.ctx, raceBy, everywhere, w.fans.AppID)
	}},
	{"AskFollowerSync", func(w *raceWorld) (any, error) {
		return nil, w.AskFollowerSync(w.ctx, raceBy, everywhere, w.fans.AppID)
	}},
	{"EndFollowerSync", func(w *raceWorld) (any, error) { return nil, w.EndFollowerSync(w.ctx, w.fans, true, "") }},
	{"UpdateWechatMenu", func(w *raceWorld) (any, error) {
		return w.UpdateWechatMenu(w.ctx, raceBy, everywhere, aWechatMenu("wx00000000000000e1"))
	}},
	{"BeginWechatMenu", func(w *raceWorld) (any, error) {
		menu, err := w.BeginWechatMenu(w.ctx, everywhere, core.MenuFor{AppID: "wx00000000000000e1"}, time.Time{})
		return len(menu.Draft), err
	}},
	{"PublishWechatMenu", func(w *raceWorld) (any, error) {
		menu := aWechatMenu("wx00000000000000e1")
		return nil, w.PublishWechatMenu(w.ctx, raceBy, everywhere, menu)
	}},
	{"RemoveWechatMenu", func(w *raceWorld) (any, error) {
		menu := aWechatMenu("wx00000000000000e1")
		menu.Tag = 100
		if _, err := w.UpdateWechatMenu(w.ctx, raceBy, everywhere, menu); err != nil {
			return nil, err
		}
		return nil, w.RemoveWechatMenu(w.ctx, raceBy, everywhere, menu.MenuFor)
	}},
	{"ReleaseWechatMenu", func(w *raceWorld) (any, error) {
		return nil, w.ReleaseWechatMenu(w.ctx, core.MenuFor{AppID: "wx00000000000000e1"})
	}},
	{"CreateWechatReply", func(w *raceWorld) (any, error) {
		id, err := w.CreateWechatReply(w.ctx, raceBy, everywhere, aWechatReply("wx00000000000000e1"))
		return w.keep("reply", id, err)
	}},
	{"UpdateWechatReply", func(w *raceWorld) (any, error) {
		r := aWechatReply("wx00000000000000e1")
		r.ID, r.Text = w.ids["reply"], "上午 9 点"
		return w.UpdateWechatReply(w.ctx, raceBy, everywhere, r)
	}},
	{"RemoveWechatReply", func(w *raceWorld) (any, error) {
		return nil, w.RemoveWechatReply(w.ctx, raceBy, everywhere, w.ids["reply"])
	}},
	{"UpdateWechatTemplate", func(w *raceWorld) (any, error) {
		return w.UpdateWechatTemplate(w.ctx, raceBy, everywhere, aWechatTemplate("wx00000000000000e1"))
	}},
	{"RemoveWechatTemplate", func(w *raceWorld) (any, error) {
		return nil, w.RemoveWechatTemplate(w.ctx, raceBy, everywhere, "wx00000000000000e1", core.MessageSignIn)
	}},
	{"NoteWechatStep", func(w *raceWorld) (any, error) {
		return nil, w.NoteWechatStep(w.ctx, w.ids["app"], core.WechatStepPages)
	}},
	{"NoteMiniCalled", func(w *raceWorld) (any, error) { return nil, w.NoteMiniCalled(w.ctx, "wx0000000000000000") }},
	{"ConfirmWechatStep", func(w *raceWorld) (any, error) {
		return nil, w.ConfirmWechatStep(w.ctx, raceBy, everywhere, w.ids["app"], core.WechatStepScript)
	}},
	{"UnconfirmWechatStep", func(w *raceWorld) (any, error) {
		return nil, w.UnconfirmWechatStep(w.ctx, raceBy, everywhere, w.ids["app"], core.WechatStepScript)
	}},
	{"NoteWechatCheck", func(w *raceWorld) (any, error) { return w.NoteWechatCheck(w.ctx, w.ids["app"], "不行") }},
	{"ResumeChannel", func(w *raceWorld) (any, error) {
		stop := core.ChannelStop{Channel: core.ChannelSMS, Until: w.Now().Add(time.Hour), Reason: core.WhyNoRight}
		if err := w.Outbox().Stop(w.ctx, stop); err != nil {
			return nil, err
		}
		stop, err := w.Outbox().Stopped(w.ctx, core.ChannelSMS, "", "")
		if err != nil {
			return nil, err
		}
		return w.ResumeChannel(w.ctx, raceBy, everywhere, stop)
	}},
	{"NoteWechatRefusal", func(w *raceWorld) (any, error) {
		return nil, w.NoteWechatRefusal(w.ctx, w.ids["app"], core.RefusedClock)
	}},
	{"NoteWechatCall", func(w *raceWorld) (any, error) { return nil, w.NoteWechatCall(w.ctx, w.ids["app"]) }},
	{"DisableWechatApp", func(w *raceWorld) (any, error) {
		return nil, w.DisableWechatApp(w.ctx, raceBy, everywhere, w.ids["app"])
	}},
	{"EnableWechatApp", func(w *raceWorld) (any, error) {
		return nil, w.EnableWechatApp(w.ctx, raceBy, everywhere, w.ids["app"])
	}},
	{"DisableWechatApp", func(w *raceWorld) (any, error) {
		return nil, w.DisableWechatApp(w.ctx, raceBy, everywhere, w.ids["app"])
	}},
	{"ReplaceWechatCorp", raceReplaceCorp},
	{"AskStaffSync", func(w *raceWorld) (any, error) { return nil, w.AskStaffSync(w.ctx, raceBy, everywhere, w.ids["corp"]) }},
	{"NoteStaffHint", func(w *raceWorld) (any, error) {
		return nil, w.NoteStaffHint(w.ctx, w.ids["corp"], core.CorpHint{UserID: "li"})
	}},
	{"NoteStaffHints", func(w *raceWorld) (any, error) {
		return nil, w.NoteStaffHints(w.ctx, w.ids["corp"], []string{"li", "wang"})
	}},
	{"ClaimStaffSync", func(w *raceWorld) (any, error) {
		sync, err := w.ClaimStaffSync(w.ctx, "a")
		return []any{sync.Run != 0, sync.Phase}, err
	}},
	{"EndStaffHints", func(w *raceWorld) (any, error) {
		return nil, w.EndStaffHints(w.ctx, w.turn(), []StaffHint{{UserID: "li"}})
	}},
	{"NoteUnseenHints", func(w *raceWorld) (any, error) {
		hints, err := w.StaffHints(w.ctx, w.ids["corp"], 10)
		if err != nil {
			return nil, err
		}
		return nil, w.NoteUnseenHints(w.ctx, w.turn(), hints)
	}},
	{"DelayStaffHints", func(w *raceWorld) (any, error) {
		return nil, w.DelayStaffHints(w.ctx, w.turn(), []StaffHint{{UserID: "li"}})
	}},
	{"SyncDepartments", func(w *raceWorld) (any, error) {
		return nil, w.SyncDepartments(w.ctx, w.turn(), []core.CorpDepartment{{Number: 1, Name: "物业"}, {Number: 2, Parent: 1, Name: "工程部"}})
	}},
	{"SyncListed", func(w *raceWorld) (any, error) { return nil, w.SyncListed(w.ctx, w.turn(), []string{"li", "wang"}, "") }},
	{"SyncMembers", func(w *raceWorld) (any, error) {
		return nil, w.SyncMembers(w.ctx, w.turn(), []core.CorpMember{
			{UserID: "li", Name: "李娜", Departments: []int{2}}, {UserID: "wang", Gone: true},
		})
	}},
	{"HoldSyncLeave", func(w *raceWorld) (any, error) {
		leaving, staff, held, err := w.HoldSyncLeave(w.ctx, w.turn())
		return []any{leaving, staff, held}, err
	}},
	{"AllowStaffLeave", func(w *raceWorld) (any, error) {
		if err := w.db.Write(w.ctx, "test", func(tx *database.Tx) error {
			return discard(tx.Exec("UPDATE staff_sync SET leaving = 11 WHERE app_id = ?", int64(w.ids["corp"])))
		}); err != nil {
			return nil, err
		}
		return nil, w.AllowStaffLeave(w.ctx, raceBy, everywhere, w.ids["corp"], 11)
	}},
	{"SyncLeave", func(w *raceWorld) (any, error) { return w.SyncLeave(w.ctx, w.turn(), 10) }},
	{"LeaveUnseen", func(w *raceWorld) (any, error) { return w.LeaveUnseen(w.ctx, w.turn(), 10) }},
	{"LeaveReplaced", func(w *raceWorld) (any, error) { return w.LeaveReplaced(w.ctx, 10) }},
	{"EndStaffSync", func(w *raceWorld) (any, error) { return nil, w.EndStaffSync(w.ctx, w.turn(), true, "") }},
	{"RemoveWechatApp", func(w *raceWorld) (any, error) {
		return nil, w.RemoveWechatApp(w.ctx, raceBy, everywhere, w.ids["app"], true)
	}},
}

var raceOpen = []raceStep{
	{"CreateOpenClient", func(w *raceWorld) (any, error) {
		id, _, err := w.CreateOpenClient(w.ctx, raceOperator, core.OpenClient{
			Name: "收费软件", Calls: []core.OpenCall{core.CallHouseArrears}, Scope: core.ScopeOf(w.ids["here"]), Rate: 20,
		})
		return w.keep("client", id, err)
	}},
	{"UpdateOpenClient", func(w *raceWorld) (any, error) {
		client, err := w.OpenClient(w.ctx, core.Everywhere, w.ids["client"])
		if err != nil {
			return nil, err
		}
		client.Name = "新名称"
		return w.UpdateOpenClient(w.ctx, raceOperator, client)
	}},
	{"RotateOpenClient", func(w *raceWorld) (any, error) {
		_, err := w.RotateOpenClient(w.ctx, raceOperator, w.ids["client"])
		return nil, err
	}},
	{"CountOpenUse", func(w *raceWorld) (any, error) {
		client, err := w.OpenClient(w.ctx, core.Everywhere, w.ids["client"])
		if err != nil {
			return nil, err
		}
		return nil, w.CountOpenUse(w.ctx, OpenUse{client.ID, client.Secrets[0].ID, "0123456789abcdef"})
	}},
	{"PurgeOpenNonces", func(w *raceWorld) (any, error) { return nil, w.PurgeOpenNonces(w.ctx) }},
	{"RetireOpenClient", func(w *raceWorld) (any, error) {
		client, err := w.OpenClient(w.ctx, core.Everywhere, w.ids["client"])
		if err != nil {
			return nil, err
		}
		return nil, w.RetireOpenClient(w.ctx, raceOperator, client.ID, client.Secrets[1].ID)
	}},
	{"DisableOpenClient", func(w *raceWorld) (any, error) { return nil, w.DisableOpenClient(w.ctx, raceOperator, w.ids["client"]) }},
	{"EnableOpenClient", func(w *raceWorld) (any, error) { return nil, w.EnableOpenClient(w.ctx, raceOperator, w.ids["client"]) }},
	{"UpdateArrears", func(w *raceWorld) (any, error) {
		house, err := w.House(w.ctx, everywhere, w.ids["house"])
		if err != nil {
			return nil, err
		}
		remark := "水费"
		_, changed, err := w.UpdateArrears(w.ctx, raceBy, everywhere, HouseArrears{
			Community: house.Community, House: house.Label, Fen: 4200, Remark: &remark,
		})
		return changed, err
	}},
}

var raceOperator = core.Actor{Kind: core.ActorAccount, ID: 1, Name: "运维", Operator: true}

func raceImport(w *raceWorld) (any, error) {
	imp, err := w.CreateImport(w.ctx, raceBy, everywhere, NewImport{
		Community: w.ids["imported"], Kind: core.ImportResidents, File: "名单.csv", Content: []byte("x"),
	})
	return w.keep("import", imp.ID, err)
}

func raceRead(list string) func(w *raceWorld) (any, error) {
	open := func(context.Context, []byte) (ImportSource, error) {
		return listOf(strings.ReplaceAll(list, ",", "|")), nil
	}
	return func(w *raceWorld) (any, error) { return w.ReadImport(w.ctx, w.ids["import"], open, anyStep) }
}

func raceWrite(w *raceWorld) (any, error) {
	imp, err := w.Import(w.ctx, everywhere, w.ids["import"])
	if err != nil {
		return nil, err
	}
	return nil, w.WriteImport(w.ctx, raceBy, everywhere, imp.ID, core.DefaultImportChoices(), imp.Updated.UnixMilli())
}

func raceJob(w *raceWorld) (any, error) {
	id, err := w.StartJob(w.ctx, jobOwner, core.JobVerifyAudit)
	return w.keep("job", id, err)
}

// exporter returns the world's account as one that may have all exports.
func (w *raceWorld) exporter() core.Account {
	return core.Account{ID: w.ids["exporter"], Scope: everywhere, Permissions: core.Permissions()}
}

func raceExport(w *raceWorld) (any, error) {
	id, err := w.CreateExport(w.ctx, core.Actor{Kind: core.ActorAccount, ID: w.ids["exporter"]}, everywhere, NewExport{
		Kind: core.ExportResidents, File: "住户.xlsx", Filter: ResidentFilter{},
	})
	return w.keep("export", id, err)
}

func raceClaim(w *raceWorld) (any, error) {
	job, err := w.ClaimJob(w.ctx, "a")
	return []any{job.ID, job.State, job.Tries}, err
}

func (w *raceWorld) newestRecord() (id core.ID) {
	_ = w.db.Get(w.ctx, &id, "SELECT MAX(id) FROM access_record") // the act fails without
	return id
}

var racePhotos = []raceStep{
	{"CreatePhoto", func(w *raceWorld) (any, error) {
		p, err := w.CreatePhoto(w.ctx, w.ids["user"], aPhoto)
		return w.keep("photo", p.ID, err)
	}},
	{"CreatePhoto", func(w *raceWorld) (any, error) {
		p, err := w.CreatePhoto(w.ctx, w.ids["user"], aPhoto)
		return w.keep("other photo", p.ID, err)
	}},
	{"RemovePhoto", func(w *raceWorld) (any, error) {
		p, err := w.CreatePhoto(w.ctx, w.ids["user"], aPhoto)
		if err != nil {
			return nil, err
		}
		return nil, w.RemovePhoto(w.ctx, w.ids["user"], p.ID)
	}},
	{"ViewPhoto", func(w *raceWorld) (any, error) {
		if err := w.photoUsed(w.ids["photo"], "resident", w.ids["resident"]); err != nil {
			return nil, err
		}
		content, err := w.ViewPhoto(w.ctx, raceBy, everywhere, w.ids["photo"], core.PhotoWhole)
		return string(content), err
	}},
	{"CreateCertification", func(w *raceWorld) (any, error) { return w.raceApply("waiting", w.ids["other photo"]) }},
	{"WithdrawReview", func(w *raceWorld) (any, error) {
		r, err := w.WithdrawReview(w.ctx, raceBy, w.ids["user"], w.ids["waiting"])
		return r.State, err
	}},
	{"CreateCertification", func(w *raceWorld) (any, error) { return w.raceApply("late") }},
	{"RemindReviews", func(w *raceWorld) (any, error) {
		w.clock.Add(5 * 24 * time.Hour)
		return nil, w.RemindReviews(w.ctx)
	}},
	{"DecideReview", func(w *raceWorld) (any, error) {
		by, err := w.CreateAccount(w.ctx, core.SystemGranter, core.Account{
			Login: "reviewer", Name: "审核员", Role: core.RoleClerk, Scope: core.ScopeOf(w.ids["here"]),
			Permissions: []core.Permission{
				core.PermResidentView, core.PermCertificationView, core.PermCertificationReview, core.PermVisitorPassReview,
				core.PermExitSlipReview,
			},
		}, testPassword)
		if err != nil {
			return nil, err
		}
		w.ids["reviewer"] = by
		r, err := w.DecideReview(w.ctx, core.Actor{Kind: core.ActorAccount, ID: by, Name: "审核员"}, everywhere,
			core.ReviewDecision{ID: w.ids["late"], Approve: true, Version: 1})
		return r.State, err
	}},
	{"DecideAsOwner", func(w *raceWorld) (any, error) {
		r, err := w.raceOwner()
		if err != nil {
			return nil, err
		}
		decided, err := w.DecideAsOwner(w.ctx, raceBy, w.ids["owner user"], core.ReviewDecision{ID: r, Approve: true, Version: 1})
		return decided.State, err
	}},
	{"TakeBackReview", func(w *raceWorld) (any, error) {
		r, err := w.TakeBackReview(w.ctx, core.Actor{Kind: core.ActorAccount, ID: w.ids["reviewer"], Name: "审核员"}, everywhere,
			w.ids["for the owner"], 2)
		return r.State, err
	}},
	{"CallUnreached", func(w *raceWorld) (any, error) {
		ask := core.MessageClaim{Zone: w.Zone(), Limit: 500, Lease: time.Minute} // no channel is there
		if _, _, err := w.Outbox().Claim(w.ctx, ask); err != nil {
			return nil, err
		}
		people, _, err := w.Unreached(w.ctx, everywhere, Page{})
		if err != nil || len(people) == 0 {
			return "nobody", err
		}
		n, batch, err := w.CallUnreached(w.ctx, raceBy, everywhere, []core.ID{people[0].Last}, "已转告")
		if _, keep := w.keepBatch("called", batch, err); keep != nil {
			return nil, keep
		}
		return n, err
	}},
	{"UndoBatch", raceUndo("called")},
	{"RecordLate", func(w *raceWorld) (any, error) { // of somebody known, whose exit counts
		out, err := w.RecordLate(w.ctx, everywhere, ScanAttempt{
			Post: w.ids["post"], Direction: core.Out, TokenDigest: "late exit",
			Late: &LatePassage{Ago: time.Minute, Name: "郑八", House: "77-1-701", Reason: "断网"},
		})
		return []any{out.Record.Resident != 0, out.Record.Pass != 0, out.Record.Note}, err
	}},
	{"CreateHouseholdMember", func(w *raceWorld) (any, error) {
		id, err := w.CreateHouseholdMember(w.ctx, raceBy, w.ids["owner user"], w.ids["owned"], core.Resident{
			Name: "周七", Identity: core.Family, Phone: "13700137077",
		})
		return w.keep("member", id, err)
	}},
	{"CreateVisitorPass", func(w *raceWorld) (any, error) {
		own, err := w.CreateVisitorPass(w.ctx, raceBy, w.ids["owner user"], core.VisitorPass{
			House: w.ids["owned"], Name: "来客", Phone: "13700137066", Plate: "京A12345", Until: w.Now().Add(time.Hour),
		}, RequestKey{Key: "race", Body: "1"})
		return w.keep("visit", own.ID, err)
	}},
	{"RevokeOwnVisitor", func(w *raceWorld) (any, error) {
		user, err := w.WechatUser(w.ctx, w.ids["owner user"])
		if err != nil {
			return nil, err
		}
		return nil, w.RevokeOwnVisitor(w.ctx, raceBy, user.ID, w.ids["visit"])
	}},
	{"CreateVisitorPass", func(w *raceWorld) (any, error) {
		own, err := w.CreateVisitorPass(w.ctx, raceBy, w.ids["owner user"], core.VisitorPass{
			House: w.ids["owned"], Name: "来客", Until: w.Now().Add(time.Hour),
		}, RequestKey{})
		return w.keep("other visit", own.ID, err)
	}},
	{"RevokeVisitorPass", func(w *raceWorld) (any, error) {
		return nil, w.RevokeVisitorPass(w.ctx, raceBy, everywhere, w.ids["other visit"])
	}},
	{"RegisterVisit", func(w *raceWorld) (any, error) {
		id, err := w.RegisterVisit(w.ctx, raceBy, everywhere, core.VisitorPass{
			House: w.ids["owned"], Name: "来客", Phone: "13700137067", Until: w.Now().Add(time.Hour),
		})
		return w.keep("desk visit", id, err)
	}},
	{"CreateVisitorPass", func(w *raceWorld) (any, error) {
		own, err := w.CreateVisitorPass(w.ctx, raceBy, w.ids["owner user"], core.VisitorPass{
			House: w.ids["owned"], Name: "在场的", Until: w.Now().Add(time.Hour), People: 2,
		}, RequestKey{})
		if err == nil { // as a door lets them in
			err = w.db.Write(w.ctx, "enter", func(tx *database.Tx) error {
				_, err := tx.Exec("UPDATE visitor_pass SET entered_at = ?, inside_since = ?, "+
					"arrival_id = (SELECT MAX(id) FROM access_record) WHERE id = ?",
					w.Now().UnixMilli(), w.Now().UnixMilli(), int64(own.ID))
				return err
			})
		}
		return w.keep("inside", own.ID, err)
	}},
	{"TellOfArrivals", func(w *raceWorld) (any, error) { return w.TellOfArrivals(w.ctx, 10) }},
	{"LeaveVisits", func(w *raceWorld) (any, error) {
		batch, err := w.LeaveVisits(w.ctx, raceBy, everywhere, []core.ID{w.ids["inside"]}, "南门岗")
		return w.keepBatch("gone", batch, err)
	}},
	{"UndoBatch", raceUndo("gone")},
	{"CreateVisitorPoster", func(w *raceWorld) (any, error) {
		id, err := w.CreateVisitorPoster(w.ctx, raceBy, everywhere, core.VisitorPoster{Community: w.ids["here"]})
		return w.keep("poster", id, err)
	}},
	{"ApplyVisit", func(w *raceWorld) (any, error) {
		poster, err := w.VisitorPoster(w.ctx, everywhere, w.ids["poster"])
		if err != nil {
			return nil, err
		}
		return nil, w.raceVisit("asked", VisitApplication{Poster: poster.Code, VisitorPass: core.VisitorPass{
			Way: core.VisitApplied, House: w.ids["owned"],
		}})
	}},
	{"ApplyVisit", func(w *raceWorld) (any, error) {
		return nil, w.raceVisit("booked", VisitApplication{Host: "13700137088", VisitorPass: core.VisitorPass{
			Way: core.VisitBooked, Community: w.ids["here"],
		}})
	}},
	{"DeclareUrgent", func(w *raceWorld) (any, error) {
		user, pass, err := w.ownersPass()
		if err != nil {
			return nil, err
		}
		return nil, w.DeclareUrgent(w.ctx, raceBy, user, pass.ID, "就医急诊")
	}},
	{"VouchExit", func(w *raceWorld) (any, error) {
		user, pass, err := w.ownersPass()
		if err != nil {
			return nil, err
		}
		_, family, err := w.FamilyPasses(w.ctx, user, pass.ID)
		if err != nil || len(family) == 0 {
			return "nobody", err
		}
		of, err := w.VouchExit(w.ctx, raceBy, user, pass.ID, family[0].ID)
		return of.Name, err
	}},
	{"PurgePassAids", func(w *raceWorld) (any, error) { return nil, w.PurgePassAids(w.ctx) }},
	{"RemindUrgent", func(w *raceWorld) (any, error) { return nil, w.RemindUrgent(w.ctx) }},
	{"LookAtRecords", func(w *raceWorld) (any, error) {
		user, _, err := w.ownersPass()
		if err != nil {
			return nil, err
		}
		return nil, w.LookAtRecords(w.ctx, raceLooker, everywhere, core.RecordFilter{Person: user.Person}, nil)
	}},
	{"LookAtPass", func(w *raceWorld) (any, error) {
		_, pass, err := w.ownersPass()
		if err != nil {
			return nil, err
		}
		return nil, w.LookAtPass(w.ctx, raceBy, core.GuardPost{Community: pass.Community, Name: "南门岗"}, pass.ID)
	}},
	{"CreateResidentCard", func(w *raceWorld) (any, error) {
		_, pass, err := w.ownersPass()
		if err != nil {
			return nil, err
		}
		return nil, w.CreateResidentCard(w.ctx, raceBy, everywhere, pass.Holder, "CARDRACE")
	}},
	{"ScanCard", func(w *raceWorld) (any, error) {
		out, err := w.ScanCard(w.ctx, ScanAttempt{Via: core.ViaGuard, Post: w.ids["post"], Direction: core.Out}, "CARDRACE", "form")
		return out.Decision.Reason, err
	}},
	{"RevokeResidentCard", func(w *raceWorld) (any, error) {
		_, pass, err := w.ownersPass()
		if err != nil {
			return nil, err
		}
		return nil, w.RevokeResidentCard(w.ctx, raceBy, everywhere, pass.Holder)
	}},
	{"CreateVisitorCode", func(w *raceWorld) (any, error) {
		_, code, err := w.CreateVisitorCode(w.ctx, "13700137066")
		w.text["code"] = code
		return len(code), err
	}},
	{"EnterVisitorCode", func(w *raceWorld) (any, error) { return nil, w.EnterVisitorCode(w.ctx, "13700137066", w.text["code"]) }},
	{"ApplyVisit", func(w *raceWorld) (any, error) {
		return nil, w.raceVisit("by code", VisitApplication{Code: w.text["code"], MustProve: true, VisitorPass: core.VisitorPass{
			Way: core.VisitApplied, House: w.ids["owned"], Community: w.ids["here"],
		}})
	}},
	{"PurgeVisitorCodes", func(w *raceWorld) (any, error) { return nil, w.PurgeVisitorCodes(w.ctx) }},
	{"ApplyVisit", func(w *raceWorld) (any, error) {
		return nil, w.raceVisit("taken back", VisitApplication{VisitorPass: core.VisitorPass{
			Way: core.VisitApplied, House: w.ids["owned"], Community: w.ids["here"],
		}})
	}},
	{"WithdrawVisit", func(w *raceWorld) (any, error) {
		visit, err := w.ownVisit(w.ctx, "v.id = ?", int64(w.ids["taken back"]))
		if err != nil {
			return nil, err
		}
		return nil, w.WithdrawVisit(w.ctx, raceBy, visit.Code)
	}},
	{"DecideReview", func(w *raceWorld) (any, error) {
		d := core.ReviewDecision{ID: w.ids["asked"], Reason: "不认识", Version: 1}
		r, err := w.DecideReview(w.ctx, core.Actor{Kind: core.ActorAccount, ID: w.ids["reviewer"], Name: "审核员"}, everywhere, d)
		return r.State, err
	}},
	{"AnswerVisit", func(w *raceWorld) (any, error) {
		err := w.AnswerVisit(w.ctx, raceBy, w.ids["owner user"], core.ReviewDecision{ID: w.ids["booked"], Approve: true})
		return nil, err
	}},
	{"ApplyVisit", func(w *raceWorld) (any, error) {
		return nil, w.raceVisit("unproven", VisitApplication{VisitorPass: core.VisitorPass{
			Way: core.VisitBooked, Community: w.ids["here"],
		}, Host: "13700137088"})
	}},
	{"WaitingPhoto", func(w *raceWorld) (any, error) {
		p, err := w.CreatePhoto(w.ctx, w.ids["user"], aPhoto)
		if err == nil {
			err = w.photoUsed(p.ID, "visitorpass", w.ids["unproven"])
		}
		if err != nil {
			return nil, err
		}
		content, err := w.WaitingPhoto(w.ctx, raceBy, w.ids["owner user"], p.ID, core.PhotoWhole)
		return string(content), err
	}},
	{"RejectUnprovenVisits", func(w *raceWorld) (any, error) {
		return w.RejectUnprovenVisits(w.ctx, raceBy, w.ids["owner user"])
	}},
	{"CreateVisitorBlocks", func(w *raceWorld) (any, error) {
		made, err := w.CreateVisitorBlocks(w.ctx, raceBy, everywhere, w.ids["here"], []core.VisitorBlock{
			{Kind: core.BlockPhone, Value: "13700137001", Reason: "滋扰"},
		})
		if err != nil {
			return nil, err
		}
		list, _, err := w.VisitorBlocks(w.ctx, everywhere, VisitorBlockFilter{Page: Page{Limit: 1}})
		w.ids["block"] = list[0].ID
		return made.Added, err
	}},
	{"RemoveVisitorBlock", func(w *raceWorld) (any, error) {
		return nil, w.RemoveVisitorBlock(w.ctx, raceBy, everywhere, w.ids["block"])
	}},
	{"ApplyExitSlip", func(w *raceWorld) (any, error) { return nil, w.raceSlip("slip") }},
	{"DecideReview", func(w *raceWorld) (any, error) {
		r, err := w.DecideReview(w.ctx, core.Actor{Kind: core.ActorAccount, ID: w.ids["reviewer"], Name: "审核员"}, everywhere,
			core.ReviewDecision{ID: w.ids["slip"], Approve: true, Version: 1})
		return r.State, err
	}},
	{"RevokeExitSlips", func(w *raceWorld) (any, error) {
		batch, err := w.RevokeExitSlips(w.ctx, raceBy, everywhere, []core.ID{w.ids["slip"]})
		return w.keepBatch("revoked slip", batch, err)
	}},
	{"UndoBatch", raceUndo("revoked slip")},
	{"ApplyExitSlip", func(w *raceWorld) (any, error) { return nil, w.raceSlip("other slip") }},
	{"WithdrawReview", func(w *raceWorld) (any, error) {
		r, err := w.WithdrawReview(w.ctx, raceBy, w.ids["owner user"], w.ids["other slip"])
		return r.State, err
	}},
	{"CreateExitSlip", func(w *raceWorld) (any, error) {
		id, err := w.CreateExitSlip(w.ctx, raceBy, everywhere, core.ExitSlip{
			House: w.ids["owned"], Name: "搬运工", Planned: w.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
		})
		return w.keep("desk slip", id, err)
	}},
	{"AnswerExitSlip", func(w *raceWorld) (any, error) {
		id, err := w.raceTenantSlip()
		if err != nil {
			return nil, err
		}
		return nil, w.AnswerExitSlip(w.ctx, raceBy, w.ids["owner user"], core.ReviewDecision{ID: id, Approve: true})
	}},
	{"ExportExitSlips", func(w *raceWorld) (any, error) {
		n := 0
		err := w.ExportExitSlips(w.ctx, raceBy, everywhere, ExitSlipFilter{Now: w.Now()}, func(core.ExitSlip) error { n++; return nil })
		return n, err
	}},
	{"ExpireExitSlips", func(w *raceWorld) (any, error) { return nil, w.ExpireExitSlips(w.ctx) }},
	{"ExpireVisits", func(w *raceWorld) (any, error) { return nil, w.ExpireVisits(w.ctx) }},
	{"RevokeVisitorPoster", func(w *raceWorld) (any, error) {
		return nil, w.RevokeVisitorPoster(w.ctx, raceBy, everywhere, w.ids["poster"])
	}},
	{"RemoveHouseholdMember", func(w *raceWorld) (any, error) {
		gone, err := w.RemoveHouseholdMember(w.ctx, raceBy, w.ids["owner user"], w.ids["member"])
		return gone.Name, err
	}},
	{"CreateHouseholdMember", func(w *raceWorld) (any, error) {
		id, err := w.CreateHouseholdMember(w.ctx, raceBy, w.ids["owner user"], w.ids["owned"], core.Resident{
			Name: "周七", Identity: core.Family, Phone: "13700137077",
		})
		return w.keep("member", id, err)
	}},
	{"AcceptHome", func(w *raceWorld) (any, error) {
		user, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "race-member"})
		if err == nil {
			_, err = w.BindPhone(w.ctx, user.ID, "13700137077", "周七")
		}
		if err != nil {
			return nil, err
		}
		// Removed and added once more, they are to say that it is they.
		if _, err := w.RemoveHouseholdMember(w.ctx, raceBy, w.ids["owner user"], w.ids["member"]); err != nil {
			return nil, err
		}
		if _, err := w.CreateHouseholdMember(w.ctx, raceBy, w.ids["owner user"], w.ids["owned"], core.Resident{
			Name: "周七", Identity: core.Family, Phone: "13700137077",
		}); err != nil {
			return nil, err
		}
		return nil, w.AcceptHome(w.ctx, raceBy, user.ID, w.ids["member"])
	}},
	{"LeaveHouse", func(w *raceWorld) (any, error) {
		user, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "race-member"})
		if err == nil {
			_, err = w.BindPhone(w.ctx, user.ID, "13700137077", "周七")
		}
		if err != nil {
			return nil, err
		}
		return nil, w.LeaveHouse(w.ctx, raceBy, user.ID, w.ids["member"])
	}},
	{"TransferHouse", func(w *raceWorld) (any, error) {
		h := core.HouseTransfer{
			House: w.ids["owned"], Day: core.DayOf(w.Now(), w.Zone()) + 1, Family: core.TransferLeave, Tenants: core.TransferStay,
			Owner: core.Resident{Name: "吴九", Phone: "13700137099"},
		}
		plan, err := w.PlanTransfer(w.ctx, everywhere, h)
		if err != nil {
			return nil, err
		}
		_, err = w.TransferHouse(w.ctx, raceBy, everywhere, h, plan.Seen)
		return nil, err
	}},
	{"CancelTransfer", func(w *raceWorld) (any, error) {
		return nil, w.CancelTransfer(w.ctx, raceBy, everywhere, w.ids["owned"])
	}},
	{"TransferHouse", func(w *raceWorld) (any, error) {
		h := core.HouseTransfer{
			House: w.ids["owned"], Day: core.DayOf(w.Now(), w.Zone()), Family: core.TransferLeave, Tenants: core.TransferStay,
			Owner: core.Resident{Name: "吴九", Phone: "13700137099"},
		}
		plan, err := w.PlanTransfer(w.ctx, everywhere, h)
		if err != nil {
			return nil, err
		}
		batch, err := w.TransferHouse(w.ctx, raceBy, everywhere, h, plan.Seen)
		return batch.Size, err
	}},
	{"TransferDueHouses", func(w *raceWorld) (any, error) { return nil, w.TransferDueHouses(w.ctx) }},
	{"PurgeReviewPhotos", func(w *raceWorld) (any, error) { return w.PurgeReviewPhotos(w.ctx, w.Now().Add(time.Second)) }},
	{"PurgePhotos", func(w *raceWorld) (any, error) { return w.PurgePhotos(w.ctx, w.Now().Add(time.Second)) }},
}

// raceApply applies for the user's certification in a house.
func (w *raceWorld) raceApply(name string, photos ...core.ID) (any, error) {
	own, err := w.CreateCertification(w.ctx, raceBy, w.ids["user"], core.CertificationRequest{
		House: w.ids["house"], Name: "钱七", Identity: core.Family, Photos: photos,
	}, RequestKey{Key: name})
	w.ids[name] = own.Review.ID
	return own.Review.State, err
}

// raceOwner makes a house whose certified owner may decide, and an application for it.
func (w *raceWorld) raceOwner() (review core.ID, err error) {
	houses, err := w.CreateHouses(w.ctx, raceBy, everywhere, w.ids["here"], [][]string{{"77", "1", "701"}})
	if err != nil {
		return 0, err
	}
	w.ids["owned"] = houses[0]
	if _, err := w.CreateResident(w.ctx, raceBy, everywhere, core.Resident{
		Community: w.ids["here"], House: houses[0], Name: "郑八", Identity: core.Owner, Phone: "13700137088",
	}); err != nil {
		return 0, err
	}
	owner, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "race-owner"})
	if err != nil {
		return 0, err
	}
	w.ids["owner user"] = owner.ID
	if _, err := w.BindPhone(w.ctx, owner.ID, "13700137088", "郑八"); err != nil {
		return 0, err
	}
	if err := w.db.Write(w.ctx, "owners", func(tx *database.Tx) error {
		_, err := tx.Exec("UPDATE house SET owners_review = 1 WHERE id = ?", int64(houses[0]))
		return err
	}); err != nil {
		return 0, err
	}
	own, err := w.CreateCertification(w.ctx, raceBy, w.ids["user"], core.CertificationRequest{
		House: houses[0], Name: "张三丰", Identity: core.Family,
	}, RequestKey{Key: "for the owner"})
	w.ids["for the owner"] = own.Review.ID
	return own.Review.ID, err
}

// photoUsed assigns a picture to a resident.
func (w *raceWorld) photoUsed(id core.ID, stem string, of core.ID) error {
	return w.db.Write(w.ctx, "use a photo", func(tx *database.Tx) error {
		return usePhotos(tx, w.ids["user"], []core.ID{id}, photoUse{stem, of, w.ids["here"]})
	})
}

// follower returns the follower of the race.
func (w *raceWorld) follower() core.ID {
	var ids []core.ID
	if err := w.db.All(w.ctx, &ids, "SELECT id FROM follower WHERE open_id = 'f-9'"); err != nil || len(ids) != 1 {
		return 0
	}
	return ids[0]
}

func (w *raceWorld) turn() SyncTurn { return SyncTurn{Runner: "a", App: w.ids["corp"]} }

// raceReplaceCorp makes a company's account, and another company's of it.
func raceReplaceCorp(w *raceWorld) (any, error) {
	keys := core.WechatKeys{
		Secret: strings.Repeat("s", 43), Contact: strings.Repeat("c", 43), Token: "token123", AESKey: strings.Repeat("k", 43),
	}
	app := core.WechatApp{Kind: core.WechatWork, Name: "物业", AppID: "ww00000000000000a1", Agent: 2, Scope: core.Everywhere}
	id, err := w.CreateWechatApp(w.ctx, raceBy, everywhere, KeyedWechatApp{app, keys})
	if err != nil {
		return nil, err
	}
	w.ids["corp"] = id
	if app, err = w.WechatApp(w.ctx, everywhere, id); err != nil {
		return nil, err
	}
	app.AppID = "ww00000000000000a2"
	return nil, w.ReplaceWechatCorp(w.ctx, raceBy, everywhere, KeyedWechatApp{app, keys}, false)
}

// raceSlip applies for an exit slip as the owner, and notes its id under a name.
func (w *raceWorld) raceSlip(name string) (err error) {
	w.ids[name], err = w.ApplyExitSlip(w.ctx, raceBy, w.ids["owner user"], core.ExitSlip{
		House: w.ids["owned"], Planned: w.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
	}, RequestKey{Key: name, Body: "1"})
	return err
}

// raceTenantSlip lets a tenant of the owner's house apply for an exit slip.
func (w *raceWorld) raceTenantSlip() (core.ID, error) {
	if _, err := w.CreateResident(w.ctx, raceBy, everywhere, core.Resident{
		Community: w.ids["here"], House: w.ids["owned"], Name: "租客甲", Identity: core.Tenant, Phone: "13700137055",
	}); err != nil {
		return 0, err
	}
	tenant, err := w.SignInWechat(w.ctx, core.WechatIdentity{AppID: "wx1", OpenID: "race-tenant"})
	if err != nil {
		return 0, err
	}
	if _, err := w.BindPhone(w.ctx, tenant.ID, "13700137055", "租客甲"); err != nil {
		return 0, err
	}
	return w.ApplyExitSlip(w.ctx, raceBy, tenant.ID, core.ExitSlip{
		House: w.ids["owned"], Planned: w.Now().Add(time.Hour), Items: []core.ExitItem{{Name: "床", Count: 1}},
	}, RequestKey{})
}

// raceVisit applies for a visit, and notes its id under a name.
// ownersPass returns the pass of the owner of the owned house.
func (w *raceWorld) ownersPass() (core.WechatUser, Pass, error) {
	user, err := w.WechatUser(w.ctx, w.ids["owner user"])
	if err != nil {
		return user, Pass{}, err
	}
	passes, err := w.PassesOfUser(w.ctx, user)
	if err == nil && len(passes) == 0 {
		err = core.NotFound("the owner has no pass")
	}
	if err != nil {
		return user, Pass{}, err
	}
	return user, passes[0], nil
}

func (w *raceWorld) raceVisit(name string, v VisitApplication) error {
	v.Name, v.Phone, v.Until = "来客", "13700137066", w.Now().Add(time.Hour)
	code, err := w.ApplyVisit(w.ctx, raceBy, 0, v, RequestKey{Key: name, Body: "1"})
	if err != nil {
		return err
	}
	visit, err := w.VisitByCode(w.ctx, code)
	w.ids[name] = visit.ID
	return err
}
