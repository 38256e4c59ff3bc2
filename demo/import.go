package demo

import (
	"io"
	"strings"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/sheet"
	"tongxing/store"
)

// importBook sends a workbook of residents to be imported, with mistakes such as lists have.
func (t *Tour) importBook(c *web.Context) error {
	community, err := t.o.Store.Community(c.Ctx(), core.Everywhere, t.o.Cast.Community)
	if err != nil {
		return err
	}
	houses, _, err := t.o.Store.Houses(c.Ctx(), core.Everywhere, store.HouseFilter{
		Community: community.ID, Page: store.Page{Limit: 1},
	})
	if err != nil || len(houses) == 0 {
		return core.NotFound("演示小区还没有房屋")
	}
	names, err := t.o.Store.HouseNames(c.Ctx(), houses[0].House)
	if err != nil {
		return err
	}
	return c.Download("练习导入-"+community.Name+".xlsx", sheet.ContentType, func(w io.Writer) error {
		return sheet.WriteTemplate(w, ImportBook(community, names))
	})
}

// memberBook sends a workbook of members of institutions to be imported, with mistakes such as lists have.
func (t *Tour) memberBook(c *web.Context) error {
	return c.Download("练习导入-机构成员.xlsx", sheet.ContentType, func(w io.Writer) error {
		return sheet.WriteTemplate(w, MemberBook(core.DayOf(c.Now(), t.o.Store.Zone())))
	})
}

// MemberBook is a list of members of the demonstration's institution, of a day: half of it can be imported at once.
func MemberBook(today core.Day) sheet.Template {
	until := (today + 300).String()
	parts := strings.Split(until, "-")
	t := sheet.Template{Name: "机构成员"}
	for _, column := range core.MemberImportColumns(core.Community{}) {
		t.Columns = append(t.Columns, sheet.TemplateColumn{
			Title: column.Label, Group: column.Group, Required: column.Needed, Text: column.Text, Choices: column.Offers,
		})
	}
	t.Rows = [][]string{
		{courierName, "练习骑手一", "19822220001", "", "", until, "早班"},
		// full-width figures and a date in words
		{courierName, "练习骑手二", "１９８２２２２０００２", "", today.String(), parts[0] + "年" + parts[1] + "月" + parts[2] + "日", ""},
		{courierName, "练习骑手三", "198 2222 0003", "", "", strings.Join(parts, "/"), "夜班"},
		// an institution that there is not
		{"没有的快递", "练习骑手四", "19822220004", "", "", until, ""},
		// it ends before it begins
		{courierName, "练习骑手五", "19822220005", "", until, today.String(), ""},
		// a figure is missing
		{courierName, "练习骑手六", "1982222000", "", "", until, ""},
	}
	return t
}

// ImportBook is a list of residents of a community that has a house of these names: what is right in it can be imported at
// once; of what is wrong, each row shows another mistake.
func ImportBook(community core.Community, house []string) sheet.Template {
	t := sheet.Template{Name: "住户信息"}
	for _, column := range core.ResidentTemplate(community) {
		t.Columns = append(t.Columns, sheet.TemplateColumn{
			Title: column.Label, Group: column.Group, Required: column.Needed, Text: column.Text, Choices: column.Offers,
		})
	}
	fresh := append([]string{"88"}, house[1:]...)
	row := func(place []string, cells ...string) []string { return append(append(cells, community.Name), place...) }
	t.Rows = [][]string{
		// in a house that is there
		row(house, "练习一", "女", "家属", "", "19811110001", ""),
		// full-width figures, and a new house
		row(fresh, "练习二", "男", "业主", "", "１９８１１１１０００２", ""),
		// a date in words
		row(fresh, "练习三", "女", "限期租客", "2099年12月31日", "198 1111 0003", ""),
		// the house alone
		append([]string{"", "", "", "", "", "", community.Name}, append([]string{"89"}, house[1:]...)...),
		// a figure is missing
		row(fresh, "练习四", "男", "家属", "", "1981111000", ""),
		// no end of the lease
		row(fresh, "练习五", "男", "限期租客", "", "19811110005", ""),
		// a wrong ID number
		row(fresh, "练习六", "女", "业主", "", "19811110006", "110101199003070001"),
		// the same number under two names
		row(fresh, "练习七", "男", "业主", "", "19811110007", ""),
		row(house, "练习八", "女", "家属", "", "19811110007", ""),
		// no identity
		row(fresh, "练习九", "女", "朋友", "", "19811110009", ""),
		// no house
		row(make([]string, len(house)), "练习十", "女", "业主", "", "19811110010", ""),
		// another community
		append([]string{"练习十一", "男", "业主", "", "19811110011", "", "别的小区"}, house...),
	}
	return t
}
