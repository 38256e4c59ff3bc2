package store

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tongxing/core"
)

// eachPair runs a test on two servers with one database, and one clock.
func eachPair(t *testing.T, test func(t *testing.T, one, two *Store, clock *testClock)) {
	t.Helper()
	eachDatabase(t, func(t *testing.T, o Options) {
		clock := newTestClock()
		o.Now = clock.Now
		one := openStore(t, o)
		test(t, one, openStore(t, o), clock)
	})
}

// tries sends an application of a user under a name.
func (w *reviewWorld) tries(on *Store, user, house core.ID, name string) error {
	w.sent++
	_, err := on.CreateCertification(w.t.Context(), wechatActor(user), user,
		core.CertificationRequest{House: house, Name: name, Identity: core.Family}, RequestKey{Key: fmt.Sprint("try-", w.sent)})
	return err
}

func (w *reviewWorld) alerts() string {
	w.t.Helper()
	list, _, err := w.AccessAlerts(w.t.Context(), everywhere, core.AccessAlertFilter{Kind: core.AccessAlertGuessing}, Page{Limit: 9})
	if err != nil {
		w.t.Fatal(err)
	}
	var texts []string
	for _, a := range list {
		texts = append(texts, a.Text())
	}
	return strings.Join(texts, "; ")
}

// One who tries names is stopped on every server, also by another WeChat of the same number, and the register is not
// asked any more: the right name comes too late.
func TestGuessingNamesIsLimited(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, clock *testClock) {
		w := newReviewWorld(t, one)
		houses := append(newHouses(t, one, newCommunity(t, one, "海棠苑"), 3), w.house)
		newPerson(t, one, core.Resident{
			Community: w.community, House: w.house, Name: "王小明", Identity: core.Family, Phone: applicantPhone, PhoneShared: true,
		})
		for i := range core.MaxDailyCertifications {
			if err := w.tries([]*Store{one, two}[i%2], w.user.ID, houses[i%4], fmt.Sprint("王", i)); err != nil {
				t.Fatal(err)
			}
		}
		err := w.tries(two, w.user.ID, w.house, "王小明")
		wantCode(t, err, core.CodeConflict)
		if text := core.MessageOf(err); !strings.Contains(text, "请明天再试") || !strings.Contains(text, "物业") {
			t.Errorf("told %q", text)
		}
		other := newWechatUserWithPhone(t, one, "o-second-wechat", applicantPhone)
		wantCode(t, w.tries(one, other.ID, w.house, "王小明"), core.CodeConflict)
		wantCode(t, w.tries(one, w.user.ID, w.house, "王小明"), core.CodeConflict)
		if w.certified() != "" {
			t.Errorf("certified %s all the same", w.certified())
		}
		told := w.alerts()
		if strings.Count(told, "暂停受理") != 2 || !strings.Contains(told, "同一微信") || !strings.Contains(told, "同一手机号") ||
			strings.Contains(told, "王") || strings.Contains(told, applicantPhone) {
			t.Errorf("the office sees %q", told)
		}
		clock.Add(25 * time.Hour)
		if err := w.tries(two, w.user.ID, w.house, "王小明"); err != nil || w.certified() != "王小明" {
			t.Errorf("the day after: %v, certified %q", err, w.certified())
		}
		for range core.MaxMonthlyCertifications - core.MaxDailyCertifications {
			if err := w.tries(one, w.user.ID, houses[0], "王大明"); err != nil {
				t.Fatal(err)
			}
			clock.Add(3 * time.Hour)
		}
		clock.Add(24 * time.Hour)
		err = w.tries(one, w.user.ID, houses[0], "王大明")
		wantCode(t, err, core.CodeConflict)
		if text := core.MessageOf(err); strings.Contains(text, "明天") || !strings.Contains(text, "证件") {
			t.Errorf("after weeks told %q", text)
		}
	})
}

// Many people at once at one house: on two servers no more get through than the limit says.
func TestOneHouseIsLimited(t *testing.T) {
	eachPair(t, func(t *testing.T, one, two *Store, _ *testClock) {
		w := newReviewWorld(t, one)
		users := make([]core.WechatUser, core.MaxDailyOfHouse+6)
		for i := range users {
			users[i] = newWechatUserWithPhone(t, one, fmt.Sprint("o-", i), fmt.Sprintf("137%08d", i))
		}
		var all sync.WaitGroup
		var sent, refused atomic.Int32
		for i, user := range users {
			key := RequestKey{Key: fmt.Sprint("house-", i)}
			all.Go(func() {
				_, err := []*Store{one, two}[i%2].CreateCertification(t.Context(), wechatActor(user.ID), user.ID,
					core.CertificationRequest{House: w.house, Name: "李四", Identity: core.Tenant}, key)
				switch {
				case err == nil:
					sent.Add(1)
				case core.IsConflict(err):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if sent.Load() != core.MaxDailyOfHouse || refused.Load() != 6 {
			t.Errorf("%d sent, %d refused", sent.Load(), refused.Load())
		}
		if told := w.alerts(); !strings.HasPrefix(told, "1栋1单元101") && !strings.Contains(told, "101") || strings.Contains(told, ";") {
			t.Errorf("the office sees %q", told)
		}
		if n := w.count("SELECT COUNT(*) FROM review"); n != core.MaxDailyOfHouse {
			t.Errorf("%d applications are kept", n)
		}
	})
}

// A community takes so many within an hour; what the register confirms does not count.
func TestACommunityIsLimited(t *testing.T) {
	eachClocked(t, func(t *testing.T, s *Store, clock *testClock) {
		w := newReviewWorld(t, s)
		houses := newHouses(t, s, newCommunity(t, s, "海棠苑"), core.MinHourlyOfCommunity/10+1)
		user := func(i int) core.ID {
			return newWechatUserWithPhone(t, s, fmt.Sprint("o-", i), fmt.Sprintf("137%08d", i)).ID
		}
		for i := range core.MinHourlyOfCommunity {
			if err := w.tries(s, user(i), houses[i/10], "李四"); err != nil {
				t.Fatal(i, err)
			}
		}
		late := user(core.MinHourlyOfCommunity)
		err := w.tries(s, late, houses[len(houses)-1], "李四")
		wantCode(t, err, core.CodeConflict)
		if text := core.MessageOf(err); !strings.Contains(text, "一小时后") {
			t.Errorf("told %q", text)
		}
		if err := w.tries(s, late, w.house, "李四"); err != nil {
			t.Errorf("another community: %v", err)
		}
		if told := w.alerts(); !strings.HasPrefix(told, "全小区") {
			t.Errorf("the office sees %q", told)
		}
		clock.Add(61 * time.Minute)
		if err := w.tries(s, late, houses[len(houses)-1], "李四"); err != nil {
			t.Error(err)
		}
	})
}
