package h5

// barredShort is said beside a pass in a list that the guard refuses as long as the house is restricted.
const barredShort = "房屋已被限制出入"
