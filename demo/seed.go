// Package demo fills an empty database with realistic estates, and serves a tour that shows a
// newcomer the main task: a resident's QR code opens a door. None of it is served outside the
// demonstration.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"

	"tongxing/core"
	"tongxing/store"
)

// Cast is the people and doors of the tour.
type Cast struct {
	Community core.ID
	House     string
	Family    []Member
	Guard     Member
	Observer  Member
	Stranger  Member
	Clerk     Member // of the property company, in WeWork
	// Householder keeps a house on his phone, in which applications wait for him and for the office.
	Householder Member
	Courier     Member // of an institution that delivers every day
	Doors       []Door
	Admin       core.ID // the administrator's account
}

// Member is a person with a phone: a persona of the WeChat simulator.
type Member struct {
	Key   string // of the persona, in URLs
	Name  string
	Role  string // in Chinese, for the tour
	Phone string
}

// Door is a reader of the tour.
type Door struct {
	ID       core.ID
	Name     string
	Protocol string
}

// The people of the tour. Their phone numbers belong to nobody.
var (
	father   = Member{Key: "chen-jianguo", Name: "陈建国", Role: "业主", Phone: "19900000001"}
	mother   = Member{Key: "wang-xiulan", Name: "王秀兰", Role: "家属", Phone: "19900000002"}
	daughter = Member{Key: "chen-xiaoyu", Name: "陈晓雨", Role: "家属", Phone: "19900000003"}
	guard    = Member{Key: "li-weidong", Name: "李卫东", Role: "门岗", Phone: "19900000004"}
	observer = Member{Key: "zhou-min", Name: "周敏", Role: "观察员", Phone: "19900000005"}
	stranger = Member{Key: "zhao-qiang", Name: "赵强", Role: "路人（不在住户名册）", Phone: "19900000006"}
	clerk    = Member{Key: "he-yawen", Name: "何雅文", Role: "物业客服（企业微信）", Phone: "19900000007"}
	courier  = Member{Key: "xu-jianjun", Name: "许建军", Role: "快递员（" + courierName + "的专用通行证）", Phone: "19900000018"}
)

// People returns everybody who needs a phone in the simulator.
func People() []Member {
	return []Member{father, mother, daughter, guard, observer, stranger, clerk, applicant, householder, courier}
}

// The administrator of the demonstration, as whom the tour signs in.
const (
	AdminLogin    = "admin"
	AdminPassword = "Cuihu-Garden-18"
	adminName     = "林经理"
)

// castSetting is the setting in which the cast's ids are kept between starts.
const castSetting = "demo_cast"

// Identify returns the WeChat identity of a persona in the official account.
type Identify func(m Member) core.WechatIdentity

// Seed fills the store unless an earlier start did, and returns the cast. It takes seconds. It is
// not one transaction: if it is killed, the next start rejects the database with a message about
// what to do.
//
// Keys are those of the message server of the company on WeWork.
func Seed(ctx context.Context, s *store.Store, identify Identify, keys core.WechatKeys) (Cast, error) {
	text, err := s.Setting(ctx, castSetting)
	if err == nil && text == begun {
		return Cast{}, ErrBegun
	}
	if err == nil {
		var cast Cast
		if err := json.Unmarshal([]byte(text), &cast); err != nil || len(cast.Doors) == 0 {
			return Cast{}, fmt.Errorf("演示数据不完整（上次生成时被中断）：请删除数据目录后重新启动")
		}
		return cast, nil
	}
	if !core.IsNotFound(err) {
		return Cast{}, err
	}
	if err := mustBeEmpty(ctx, s); err != nil {
		return Cast{}, err
	}
	if err := s.SetSetting(ctx, castSetting, "{}"); err != nil {
		return Cast{}, err
	}
	seed := &seeder{store: s, rand: rand.New(rand.NewPCG(2026, 1)), now: s.Now(), phones: 100}
	if err := seed.run(ctx, identify, keys); err != nil {
		return Cast{}, fmt.Errorf("demo: fill the database: %w", err)
	}
	kept, err := json.Marshal(seed.cast)
	if err != nil {
		return Cast{}, err
	}
	return seed.cast, s.SetSetting(ctx, castSetting, string(kept))
}

// begun is the value of castSetting in the database of an empty demo.
const begun = "empty"

// Begin marks an empty database as the demonstration's without filling it, so that a newcomer sets a
// community up; later starts find the mark. It returns ErrSeeded for a database that Seed has filled.
func Begin(ctx context.Context, s *store.Store) error {
	text, err := s.Setting(ctx, castSetting)
	switch {
	case err == nil && text == begun:
		return nil
	case err == nil:
		return ErrSeeded
	case !core.IsNotFound(err):
		return err
	}
	if err := mustBeEmpty(ctx, s); err != nil {
		return err
	}
	return s.SetSetting(ctx, castSetting, begun)
}

// ErrBegun means that the database is of an empty demo, in which there is nobody to show on a tour.
var ErrBegun = errors.New("这是练习数据，没有导览：请加上 --empty 启动，或换一个数据目录（TONGXING_DATA_DIR）")

// ErrSeeded means that the demonstration has filled the database: nothing is left to set up in it.
var ErrSeeded = errors.New("这里已有演示数据，不能从空白练习：请去掉 --empty 启动，或换一个数据目录（TONGXING_DATA_DIR）")

// ErrInUse means that the database has other data: the demonstration would add fictitious people,
// and an administrator with a published password.
var ErrInUse = errors.New("数据库里已有数据，不能用于演示：请换一个数据目录（TONGXING_DATA_DIR）")

// ErrDemoData means that the database is the demonstration's: its people are invented, its WeChat is
// the simulator's, and its administrator's password is publicly known.
var ErrDemoData = errors.New("这是演示数据，不能用于正式运行：请换一个数据目录（TONGXING_DATA_DIR），或删除演示数据后重新启动")

func mustBeEmpty(ctx context.Context, s *store.Store) error {
	accounts, _, err := s.Accounts(ctx, core.Everywhere, store.AccountFilter{Page: store.Page{Limit: 1}})
	if err != nil {
		return err
	}
	communities, err := s.Communities(ctx, core.Everywhere)
	if err == nil && len(accounts)+len(communities) > 0 {
		err = ErrInUse
	}
	return err
}

// Refuse returns ErrDemoData for a database that Seed or Begin has marked. A production start
// calls it first.
func Refuse(ctx context.Context, s *store.Store) error {
	_, err := s.Setting(ctx, castSetting)
	switch {
	case err == nil:
		return ErrDemoData
	case core.IsNotFound(err):
		return nil
	}
	return err
}

func (s *seeder) run(ctx context.Context, identify Identify, keys core.WechatKeys) error {
	if err := s.admin(ctx); err != nil {
		return err
	}
	for i, p := range plans() {
		e, err := s.build(ctx, p)
		if err != nil {
			return err
		}
		if i == 0 {
			if err := s.people(ctx, e, identify); err != nil {
				return err
			}
			if err := s.clerkAccount(ctx, e); err != nil {
				return err
			}
			if err := s.company(ctx, e, keys); err != nil {
				return err
			}
			if err := s.reviewer(ctx, identify); err != nil {
				return err
			}
			if err := s.fans(ctx, e, identify); err != nil {
				return err
			}
			if err := s.replies(ctx, e); err != nil {
				return err
			}
		}
		doors, err := s.doors(ctx, e, i == 0)
		if err != nil {
			return err
		}
		if err := s.history(ctx, e, doors); err != nil {
			return err
		}
		if i == 0 {
			if err := s.office(ctx, e); err != nil {
				return err
			}
			if err := s.certifications(ctx, e, identify); err != nil {
				return err
			}
			if err := s.untold(ctx); err != nil {
				return err
			}
			if err := s.homestead(ctx, e, identify); err != nil {
				return err
			}
			if err := s.misspelt(ctx, e, identify); err != nil {
				return err
			}
			if err := s.stopped(ctx, identify(applicant).AppID); err != nil {
				return err
			}
			if err := s.visitors(ctx, e, identify); err != nil {
				return err
			}
			if err := s.movers(ctx, e, identify); err != nil {
				return err
			}
		}
	}
	return nil
}

// admin creates the administrator as a first start does: with a chosen password, which need not be
// changed.
func (s *seeder) admin(ctx context.Context) error {
	link, needed, err := s.store.CreateFirstAdminToken(ctx)
	if err != nil {
		return err
	}
	if !needed {
		return errors.New("the database has accounts already")
	}
	s.cast.Admin, err = s.store.ConsumeFirstAdminToken(ctx, core.System, link, store.FirstAdmin{
		Login: AdminLogin, Name: adminName, Password: AdminPassword,
	})
	return err
}

// clerkAccount creates an office account of one estate for the administrator to edit: nobody edits their
// own.
func (s *seeder) clerkAccount(ctx context.Context, e *estate) error {
	preset, err := core.RoleClerk.Preset()
	if err != nil {
		return err
	}
	s.clerk, err = s.store.CreateAccount(ctx, core.SystemGranter, core.Account{
		Login: "cuihu.he", Name: clerk.Name, Role: preset.Role, Permissions: preset.Permissions, Scope: core.ScopeOf(e.id),
	}, AdminPassword)
	return err
}

// family returns the household of the tour.
func (s *seeder) family(e *estate) []core.Resident {
	s.cast.Community, s.cast.House = e.id, e.labels[0]
	s.cast.Family = []Member{father, mother, daughter}
	s.cast.Stranger = stranger
	identities := []core.Identity{core.Owner, core.Family, core.Family}
	sexes := []string{"male", "female", "female"}
	var people []core.Resident
	for i, m := range s.cast.Family {
		people = append(people, core.Resident{
			House: e.houses[0], Name: m.Name, Sex: sexes[i], Identity: identities[i], Phone: m.Phone,
			IDNumber: idNumber(s.rand, sexes[i]),
		})
	}
	return people
}

// people adds the guard and the observer and binds them to their WeChat.
func (s *seeder) people(ctx context.Context, e *estate, identify Identify) error {
	post, err := s.store.CreateGuardPost(
		ctx, core.System, core.Everywhere, core.GuardPost{Community: e.id, Name: "南门岗亭", Direction: core.Out},
	)
	if err != nil {
		return err
	}
	s.post = post
	guardID, err := s.store.CreateGuard(ctx, core.System, core.Everywhere, core.Guard{
		Community: e.id, Name: guard.Name, Phone: guard.Phone, Posts: []core.ID{post},
	})
	if err != nil {
		return err
	}
	observerID, err := s.store.CreateObserver(ctx, core.System, core.Everywhere, core.Observer{
		Name: observer.Name, Capacity: "街道网格员", Phone: observer.Phone, MayExport: true, Communities: []core.ID{e.id},
	})
	if err != nil {
		return err
	}
	if err := s.delivery(ctx, e); err != nil {
		return err
	}
	if _, err := s.store.CreateGuardShift(ctx, core.Actor{Kind: core.ActorWechat, Name: guard.Name}, core.Everywhere,
		store.NewGuardShift{Post: post, Guard: guardID, Seen: core.GuardShift{}.Mark()}); err != nil {
		return err
	}
	s.cast.Guard, s.cast.Observer, s.cast.Courier = guard, observer, courier
	if err := s.bind(ctx, store.BindTarget{Kind: core.BindGuard, ID: guardID}, identify(guard)); err != nil {
		return err
	}
	return s.bind(ctx, store.BindTarget{Kind: core.BindObserver, ID: observerID}, identify(observer))
}

// courierName is the institution whose members deliver every day.
const courierName = "顺达快递"

// delivery adds an institution whose members deliver every day: the pass of one of them ends soon.
func (s *seeder) delivery(ctx context.Context, e *estate) error {
	institution, err := s.store.CreateInstitution(ctx, core.System, core.Everywhere, core.Institution{
		Name: courierName, Remark: "合同到年底，联系人许经理", Communities: []core.ID{e.id},
	})
	if err != nil {
		return err
	}
	today := core.DayOf(s.now, s.store.Zone())
	for _, m := range []core.Member{
		{Name: courier.Name, Phone: courier.Phone, From: today - 90, Until: today + 275},
		{Name: "罗志远", Phone: "19900000019", From: today - 360, Until: today + 4},
	} {
		m.Institution = institution
		if _, err := s.store.CreateMember(ctx, core.System, core.Everywhere, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) bind(ctx context.Context, target store.BindTarget, who core.WechatIdentity) error {
	user, err := s.store.SignInWechat(ctx, who)
	if err != nil {
		return err
	}
	ticket, err := s.store.CreateBindTicket(ctx, core.System, core.Everywhere, target)
	if err != nil {
		return err
	}
	// The cast verify their phone numbers themselves, on their phones.
	return s.store.ApproveBindTicket(ctx, core.System, store.BindScan{Scene: ticket.Scene, User: user.ID, NoMini: true}, ticket.Code)
}

// doors adds two readers, one per protocol: the first leads out, the second in.
func (s *seeder) doors(ctx context.Context, e *estate, tour bool) ([]core.Reader, error) {
	readers := []core.Reader{
		{
			Name: "南门出口", Gate: "南门", Protocol: core.ProtocolVguang, Serial: "VG" + e.phone[8:],
			Direction: core.Out, DenyCode: "1000", HeartbeatText: "www.vguang.cn",
		},
		{Name: "东门入口", Gate: "东门", Protocol: core.ProtocolMcardsea, Serial: "HZ" + e.phone[7:], Direction: core.In},
	}
	for i := range readers {
		r := &readers[i]
		r.Community, r.Kinds, r.QRAllowed = e.id, core.ReaderKinds(), true
		id, _, err := s.store.CreateReader(ctx, core.System, core.Everywhere, *r)
		if err != nil {
			return nil, err
		}
		r.ID = id
		if tour {
			s.cast.Doors = append(s.cast.Doors, Door{ID: id, Name: r.Name, Protocol: r.Protocol})
		}
	}
	_, err := s.store.CreateReaderGroup(ctx, core.System, core.Everywhere, core.ReaderGroup{
		Community: e.id, Name: "人行各门", Readers: []core.ID{readers[0].ID, readers[1].ID},
	})
	return readers, err
}
