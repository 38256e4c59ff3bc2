package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/store"
)

const maxPick = 50 * time.Millisecond // the 95th percentile of one step of the picker

// step is one page on a resident's way to their house.
type step struct{ what, path string }

// pickers measures the steps of the picker on the phone, as whole pages, on both databases.
func (b *bench) pickers() error {
	var columns [2][]sample
	for i, maria := range []bool{false, true} {
		var err error
		if columns[i], err = b.picker(maria); err != nil {
			return err
		}
	}
	fmt.Printf("\nThe way to a house among %d on the phone: one page, p95 (under %s)\n", bigHouses, short(maxPick))
	fmt.Printf("%-40s %9s %9s   %9s %9s\n", "", "SQLite", "p95", "MariaDB", "p95")
	for i, s := range columns[0] {
		m := columns[1][i]
		fmt.Printf("%-40s %9s %9s   %9s %9s", s.what, short(s.p50), short(s.p95), short(m.p50), short(m.p95))
		if max(s.p95, m.p95) > maxPick {
			fmt.Print("   over")
		}
		fmt.Println()
	}
	return nil
}

func (b *bench) picker(maria bool) ([]sample, error) {
	ctx := context.Background()
	p, err := b.newPlace("picker"+map[bool]string{true: "maria", false: "sqlite"}[maria], maria)
	if err != nil {
		return nil, err
	}
	if maria {
		p.redis = redisDB(b.redis.URL(), "5")
	}
	steps, token, err := fillPicker(ctx, p)
	if err != nil {
		return nil, err
	}
	server, err := b.startServer(p)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	var samples []sample
	for _, s := range steps {
		var took []time.Duration
		for n := range warmUps + pageTimes {
			one, err := phonePage(ctx, "http://"+server.addr+s.path, token)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.what, err)
			}
			if n >= warmUps {
				took = append(took, one)
			}
		}
		slices.Sort(took)
		samples = append(samples, sample{what: s.what, p50: took[len(took)/2], p95: took[len(took)*95/100]})
	}
	return samples, nil
}

// fillPicker fills a place with a community of buildings and one without, of as many houses, and returns the steps and the
// token of somebody who applies.
func fillPicker(ctx context.Context, p *place) (steps []step, token string, err error) {
	s, err := p.open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer s.Close()
	towers, err := pickFrom(ctx, s, "高层", []string{"栋", "单元", "房间"}, func(n int) []string {
		return []string{fmt.Sprintf("%d栋", n/100+1), fmt.Sprintf("%d单元", n/50%2+1), fmt.Sprintf("%d%02d", n%50/2+1, n%2+1)}
	})
	if err != nil {
		return nil, "", err
	}
	flat, err := pickFrom(ctx, s, "平房", []string{"号"}, func(n int) []string { return []string{fmt.Sprintf("%d号", n+1)} })
	if err != nil {
		return nil, "", err
	}
	building, err := s.HouseLevel(ctx, store.HouseLevelFilter{Community: towers})
	if err != nil || len(building.Nodes) == 0 {
		return nil, "", fmt.Errorf("the buildings: %w", err)
	}
	unit, err := s.HouseLevel(ctx, store.HouseLevelFilter{Community: towers, Node: building.Nodes[50].ID})
	if err != nil || len(unit.Nodes) == 0 {
		return nil, "", fmt.Errorf("the units: %w", err)
	}
	user, err := s.SignInWechat(ctx, core.WechatIdentity{AppID: "wxbench", OpenID: "picker"})
	if err == nil {
		_, err = s.BindPhone(ctx, user.ID, "13800138000", "")
	}
	if err == nil {
		token, _, err = s.StartSession(ctx, store.NewSession{
			Kind: core.SessionWechat, Subject: user.ID, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
		})
	}
	page := func(community, node core.ID, typed string) string {
		asked := url.Values{"community": {community.String()}, "q": {typed}}
		if node != 0 {
			asked.Set("node", node.String())
		}
		return "/h5/certification/new?" + asked.Encode()
	}
	return []step{
		{"communities", "/h5/certification/new"},
		{"buildings", page(towers, 0, "")},
		{"buildings, looked for", page(towers, 0, "57号楼")},
		{"a whole address at the top", page(towers, 0, "57栋2单元1502")},
		{"units", page(towers, building.Nodes[50].ID, "")},
		{"rooms of a unit", page(towers, unit.Nodes[0].ID, "")},
		{"ten thousand doors in one level", page(flat, 0, "")},
		{"the same, looked for", page(flat, 0, "9876")},
	}, token, err
}

// pickFrom adds a community with as many houses as the largest has.
func pickFrom(ctx context.Context, s *store.Store, name string, levels []string, house func(n int) []string) (core.ID, error) {
	community, err := s.CreateCommunity(ctx, core.System, core.Community{Name: name, Levels: levels})
	for from := 0; from < bigHouses && err == nil; from += otherHouses {
		places := make([][]string, otherHouses)
		for i := range places {
			places[i] = house(from + i)
		}
		_, err = s.CreateHouses(ctx, core.System, core.Everywhere, community, places)
	}
	return community, err
}

// phonePage fetches a phone page and returns how long that took.
func phonePage(ctx context.Context, address, token string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.AddCookie(&http.Cookie{Name: "tx_resident", Value: token})
	began := time.Now()
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || !strings.Contains(string(body), "p-card-link")) {
		err = fmt.Errorf("answered %d: %.200s", response.StatusCode, body)
	}
	return time.Since(began), err
}
