# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""The performance card: what a call through vmcp costs, beside the backend alone and beside other proxies."""
