package store

import (
	"context"
	"fmt"
	"time"

	"tongxing/core"
	"tongxing/store/audit"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// VisitApplication is what a visitor asks for 访客申请, or 访客预约 if Way is VisitBooked. Its House is that of an application;
// Proven says that Phone is the visitor's own.
type VisitApplication struct {
	core.VisitorPass
	Poster string // the code of the poster that led to it; "" = Community says where
	Host   string // whom an appointment is with: their phone number

	Code      string // by text message, which EnterVisitorCode has accepted; it proves the number
	MustProve bool   // a number that is not proven is refused
}

// ApplyVisit lets a visitor ask for a pass, for a WeChat user or for somebody outside WeChat (0), and returns the code of the
// visit's page. What is answered is the same whether somebody lives in the house, and whether or not the host's number is anybody's. The
// same key applies once.
func (s *Store) ApplyVisit(
	ctx context.Context, by core.Actor, user core.ID, v VisitApplication, key RequestKey,
) (code string, err error) {
	days := s.RecentSettings(ctx).ReviewDays
	err = s.db.Write(ctx, "apply for a visit", func(tx *database.Tx) error {
		a := visiting{
			inviting: inviting{tx: tx, store: s, user: user, visit: v.VisitorPass}, days: days, smsCode: v.Code, mustProve: v.MustProve,
		}
		known, again, err := a.sentBefore(key)
		switch {
		case err != nil:
			return err
		case again:
			code, err = codeOfVisit(tx, known)
			return err
		}
		if err := a.find(v); err != nil {
			return err
		}
		if err := a.apply(); err != nil {
			return err
		}
		code = a.code
		by.Name = a.visit.Name
		return audit.Write(tx, by, audit.Entry{
			Community: a.visit.Community, Action: "visitorpass.apply", Subject: audit.Target("visitorpass", a.visit.ID),
			After: s.auditOfVisit(a.visit),
		})
	})
	return code, err
}

// codeOfVisit returns the code of a visit's link.
func codeOfVisit(tx *database.Tx, id core.ID) (string, error) {
	var sealed string
	if err := tx.Get(&sealed, "SELECT link_cipher FROM visitor_pass WHERE id = ?", int64(id)); err != nil {
		return "", err
	}
	return tx.Keys().Open("visitor_pass.link", sealed)
}

// visiting is an application of a visitor that is being sent.
type visiting struct {
	inviting
	rule  VisitorRule
	hosts []core.ID // WeChat users who are asked
	days  int       // of work that reviewers have

	smsCode   string
	mustProve bool
}

// find reads where the visitor wants to go, and by what rule.
func (a *visiting) find(v VisitApplication) error {
	if v.Poster != "" {
		poster, err := posterOf(a.tx.Get, v.Poster)
		if err != nil {
			return err
		}
		a.visit.Community, a.visit.Gate = poster.Community, poster.Gate
	}
	var open core.ID
	if err := a.tx.Get(&open, "SELECT id FROM community WHERE id = ? AND archived_at IS NULL", int64(a.visit.Community)); err != nil {
		return database.NotFoundIfNoRows(err, noCommunity)
	}
	var err error
	if a.rule, err = visitorRuleIn(a.tx, a.visit.Community); err != nil {
		return err
	}
	booked := a.visit.Way == core.VisitBooked
	switch {
	case booked && !a.rule.Book:
		return core.Forbidden("本小区不能向住户预约，请联系物业")
	case !booked && !a.rule.Apply:
		return core.Forbidden("本小区不能申请来访，请让住户邀请您，或联系物业")
	}
	a.visit.Applicant, a.visit.Answer = a.user, core.VisitWaiting
	if !booked {
		return a.findHouse()
	}
	host, err := core.NormalizeMobile(v.Host)
	if err != nil || host == "" {
		a.visit.House = 0
		return core.InvalidFields(map[string]string{"host": "请填写住户的 11 位手机号"})
	}
	return a.findHost(host)
}

// findHouse reads the house, and who of it is asked. The house is locked, so that two applications are counted one after the
// other.
func (a *visiting) findHouse() error {
	var label string
	err := a.tx.Get(&label, "SELECT label FROM house WHERE id = ? AND community_id = ?"+a.tx.Dialect().ForUpdate(),
		int64(a.visit.House), int64(a.visit.Community))
	if err = database.NotFoundIfNoRows(err, ""); core.IsNotFound(err) {
		return core.InvalidFields(map[string]string{"house": "房屋不存在，请重新选择"})
	}
	if err != nil {
		return err
	}
	a.visit.HouseLabel = label
	today := core.DayOf(a.tx.Now(), a.store.zone)
	users, err := hostUsers(a.tx, today, "t.certified_at IS NOT NULL AND t.house_id", []core.ID{a.visit.House})
	for _, user := range users {
		if a.rule.Hosts && user.ID != a.user {
			a.hosts = append(a.hosts, user.ID)
		}
	}
	return err
}

// findHost reads the tie of the resident who is asked. If nobody has the number, the appointment waits until it is over.
func (a *visiting) findHost(phone string) error {
	var ties []struct {
		ID    core.ID `db:"id"`
		House core.ID `db:"house_id"`
		Label string  `db:"label"`
	}
	err := a.tx.All(&ties, `
		SELECT t.id, t.house_id, h.label
		FROM person p
		JOIN resident t ON t.person_id = p.id
		JOIN house h ON h.id = t.house_id
		WHERE p.phone_mac = ?
		AND t.community_id = ?
		AND t.certified_at IS NOT NULL
		AND t.moved_out_at IS NULL
		AND (t.lease_day = 0 OR t.lease_day >= ?)
		ORDER BY t.id
		LIMIT 1`,
		a.tx.Keys().Digest("phone", phone), int64(a.visit.Community), int32(core.DayOf(a.tx.Now(), a.store.zone)))
	for _, tie := range ties {
		a.visit.HostTie, a.visit.House, a.visit.HouseLabel = tie.ID, tie.House, tie.Label
	}
	if err != nil || a.visit.HostTie == 0 {
		return err
	}
	err = holdTie(a.tx, a.visit.HostTie, noHouse)
	gone := core.IsNotFound(err)
	if err == nil {
		gone, err = a.hostIsFull()
	}
	if gone {
		a.visit.HostTie, a.visit.House, a.visit.HouseLabel = 0, 0, ""
		return nil
	}
	return err
}

// hostIsFull reports whether as many appointments wait for the host as anybody may be left with. The visitor does not learn it:
// whether a number is a resident's is not for them to know.
func (a *visiting) hostIsFull() (bool, error) {
	var waiting int
	err := a.tx.Get(&waiting, `
		SELECT COUNT(*)
		FROM visitor_pass
		WHERE resident_id = ?
		AND way = 'appointment'
		AND answer = 'waiting'
		AND until_at >= ?`, int64(a.visit.HostTie), a.tx.NowMS())
	return waiting >= core.MaxWaitingAppointments, err
}

// apply adds the application, and asks who may decide it.
func (a *visiting) apply() error {
	if err := a.proveNumber(); err != nil {
		return err
	}
	if err := a.proveByCode(a.smsCode); err != nil {
		return err
	}
	var err error
	if a.visit, err = a.visit.Normalized(a.rule.FormOf(a.visit.Way), a.tx.Now()); err != nil {
		return err
	}
	if a.mustProve && !a.visit.Proven {
		return core.InvalidFields(map[string]string{"code": "请填写发到您手机的短信验证码"})
	}
	if err := a.checkLimits(); err != nil {
		return err
	}
	if err := a.checkBarred(a.visit.Community); err != nil {
		return err
	}
	a.visit.ID = a.tx.NewID()
	if err := a.insert(); err != nil {
		return err
	}
	if a.visit.Way == core.VisitBooked {
		if err := a.usePicture(); err != nil {
			return err
		}
		return a.askHost()
	}
	if err := a.keepPicture(); err != nil {
		return err
	}
	var photos []core.ID
	if a.visit.Photo != 0 {
		photos = append(photos, a.visit.Photo)
	}
	due := core.AddWorkdays(a.tx.Now(), a.days, a.store.zone)
	if half := a.tx.Now().Add(a.visit.Until.Sub(a.tx.Now()) / 2); half.Before(due) { // there is time left after a reminder
		due = half
	}
	asked, err := a.askedBy(a.visit.Until, "way = 'apply' AND house_id", a.visit.House)
	if err != nil {
		return err
	}
	r := core.Review{
		ID: a.visit.ID, Kind: core.ReviewVisit, Community: a.visit.Community, Applicant: a.user, Name: a.visit.Name,
		Subject: a.visit.HouseLabel, State: core.ReviewWaiting, Due: due, Asked: len(a.hosts) > 0,
	}
	return visitPicture(a.store.createReview(a.tx, newReview{
		Review: r, key: "visitorpass:" + a.visit.ID.String(), photos: photos, owners: a.hosts,
		asked: core.MessageNote{
			Kind: core.MessageHousehold, Community: r.Community, Link: visitorPassLink(r.ID),
			Title: "有访客申请到 " + r.Subject + "，请您审核", Due: asked,
		},
	}))
}

// proveNumber takes the number that a WeChat user has verified, if they wrote none, and notes whether theirs is the one they wrote.
func (a *visiting) proveNumber() error {
	if a.user == 0 {
		return nil
	}
	var sealed string
	if err := a.tx.Get(&sealed, "SELECT phone_cipher FROM wechat_user WHERE id = ? AND merged_into = 0", int64(a.user)); err != nil {
		return database.NotFoundIfNoRows(err, "用户不存在")
	}
	verified, err := a.tx.Keys().Open("wechat_user.phone", sealed)
	if err != nil || verified == "" {
		return err
	}
	if core.Clean(a.visit.Phone) == "" {
		a.visit.Phone = verified
	}
	number, wrong := core.NormalizeMobile(a.visit.Phone)
	a.visit.Proven = a.visit.Proven || wrong == nil && number == verified
	return nil
}

// askHost tells the host of an appointment; if there is none, nobody. A host is told of no more in a day than a house may be sent
// applications, and then once that there are more. The visitor learns neither.
func (a *visiting) askHost() error {
	var today int
	if err := a.tx.Get(&today, "SELECT COUNT(*) FROM visitor_pass WHERE resident_id = ? AND way = 'appointment' AND id >= ?",
		int64(a.visit.HostTie), int64(database.FirstID(a.tx.Now().Add(-aDay)))); err != nil || today > core.MaxDailyVisitsOfHouse+1 {
		return err
	}
	due, err := a.askedBy(a.visit.From, "way = 'appointment' AND resident_id", a.visit.HostTie)
	if err != nil {
		return err
	}
	link, title := visitorPassLink(a.visit.ID), "有访客预约 "+a.store.minute(a.visit.At())+" 到 "+a.visit.HouseLabel+"，请您处理"
	if today > core.MaxDailyVisitsOfHouse {
		link, title = "visitorpass", "今天的访客预约很多，不再逐个通知，请到“我的访客”里处理"
	}
	users, err := hostUsers(a.tx, core.DayOf(a.tx.Now(), a.store.zone), "t.id", []core.ID{a.visit.HostTie})
	notes := make([]core.MessageNote, len(users))
	for i, user := range users {
		notes[i] = core.MessageNote{
			Kind: core.MessageHousehold, Community: a.visit.Community, User: user.ID, Link: link, Title: title, Due: due,
		}
	}
	if err != nil {
		return err
	}
	return outbox.Put(a.tx, notes...)
}

// askedBy returns by when those who live there must decide: what cannot wait for the morning is asked about at night. A number that
// nobody has proven may be made up, so that of those only the first of a host, or of a house, within a day is: the others have a day.
func (a *visiting) askedBy(by time.Time, whose string, id core.ID) (time.Time, error) {
	if a.visit.Proven {
		return by, nil
	}
	var unproven int // with this one
	err := a.tx.Get(&unproven, "SELECT COUNT(*) FROM visitor_pass WHERE proven = 0 AND id >= ? AND "+whose+" = ?",
		int64(database.FirstID(a.tx.Now().Add(-aDay))), int64(id))
	if unproven > 1 {
		by = a.tx.Now().Add(aDay)
	}
	return by, err
}

// checkLimits refuses more applications than anybody needs, of a number, of a WeChat user and to a house, within a day. Of one
// number they are sent one after another.
func (a *visiting) checkLimits() error {
	mac := a.tx.Keys().Digest("phone", a.visit.Phone)
	persons, err := findOrMakePersons(a.tx, []string{mac})
	if err != nil {
		return err
	}
	var locked core.ID
	if err := a.tx.Get(&locked, "SELECT id FROM person WHERE id = ?"+a.tx.Dialect().ForUpdate(), int64(persons[mac])); err != nil {
		return err
	}
	since := int64(database.FirstID(a.tx.Now().Add(-aDay)))
	for _, limit := range []struct {
		where string
		value any
		max   int
		words string
	}{
		{"phone_mac = ?", mac, core.MaxDailyVisits, "这个手机号今天的申请太多"},
		{"applicant_id <> 0 AND applicant_id = ?", int64(a.user), core.MaxDailyVisits, "您今天的申请太多"},
		{"house_id <> 0 AND way = 'apply' AND house_id = ?", int64(a.visit.House), core.MaxDailyVisitsOfHouse, "这套房屋今天收到的申请太多"},
	} {
		var sent int
		err := a.tx.Get(&sent, `
			SELECT COUNT(*)
			FROM visitor_pass
			WHERE way IN ('apply', 'appointment')
			AND id >= ?
			AND `+limit.where, since, limit.value)
		if err != nil {
			return err
		}
		if sent >= limit.max {
			return core.Conflict(fmt.Sprintf("%s，请明天再试，或联系物业", limit.words))
		}
	}
	return nil
}
